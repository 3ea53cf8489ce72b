"""UNLOAD: a query's rows to S3."""

from __future__ import annotations

import asyncio
import bz2
import csv
import gzip
import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import zstandard

from redshift_server import wire
from redshift_server.copy_options import Authorization, parse_authorization
from redshift_server.dml import query_sql
from redshift_server.errors import RedshiftError, not_emulated
from redshift_server.lexer import tokenize
from redshift_server.names import lengthen
from redshift_server.options import Options
from redshift_server.storage import Bucket, error_block, split_url
from redshift_server.stream import TokenStream

if TYPE_CHECKING:
    from redshift_server.session import Session

_OUTER_LIMIT = re.compile(r"\blimit\s+\d+\s*;?\s*$", re.IGNORECASE)


@dataclass
class UnloadCommand:
    """A parsed UNLOAD."""

    sql: str
    target: str
    authorization: Authorization | None = None
    format: str = "text"  # text, csv, json or parquet
    delimiter: str = ""
    header: bool = False
    manifest: bool = False
    verbose: bool = False
    compression: str = ""
    region: str = ""
    null_as: str = ""
    overwrite: str = ""  # ALLOWOVERWRITE or CLEANPATH
    parallel: bool = True
    add_quotes: bool = False
    given: set[str] = field(default_factory=set)


def parse_unload(stream: TokenStream, options: Options) -> UnloadCommand:
    """Parse UNLOAD; the word itself is used up already."""
    inner = TokenStream(stream.parenthesised())
    query = inner.string()
    inner.end()
    if _OUTER_LIMIT.search(query):
        raise RedshiftError("0A000", "Limit clause is not supported")
    stream.expect("TO")
    command = UnloadCommand(
        query_sql(tokenize(query.rstrip("; \n")), options, shuffled=True),
        stream.string(),
    )
    while not stream.done:
        _option(stream, command)
    if command.authorization is None:
        raise RedshiftError(
            "XX000", "CREDENTIALS argument is required but not specified"
        )
    return command


def _option(stream: TokenStream, command: UnloadCommand) -> None:
    token = stream.peek()
    word = token.word if token is not None else ""
    if word in ("WITH", "CREDENTIALS", "IAM_ROLE", "ACCESS_KEY_ID"):
        command.authorization = parse_authorization(stream)
        return
    stream.next()
    if word in command.given:
        raise RedshiftError("42601", f"conflicting or redundant options: {word}")
    command.given.add(word)
    if word in ("FORMAT", "CSV", "PARQUET", "JSON"):
        _format(stream, command, word)
    elif word in ("GZIP", "BZIP2", "ZSTD"):
        command.compression = word
    elif word in ("ALLOWOVERWRITE", "CLEANPATH"):
        if command.overwrite:
            raise RedshiftError(
                "42601", "ALLOWOVERWRITE and CLEANPATH exclude each other"
            )
        command.overwrite = word
    elif word == "MANIFEST":
        command.manifest = True
        command.verbose = stream.accept("VERBOSE")
    elif word in ("HEADER", "ADDQUOTES"):
        setattr(command, {"HEADER": "header", "ADDQUOTES": "add_quotes"}[word], True)
    elif word in ("DELIMITER", "REGION", "NULL"):
        stream.accept("AS")
        names = {"DELIMITER": "delimiter", "REGION": "region", "NULL": "null_as"}
        setattr(command, names[word], stream.string())
    elif word == "PARALLEL":
        command.parallel = stream.accept_any("ON", "OFF", "TRUE", "FALSE") not in (
            "OFF",
            "FALSE",
        )
    elif word in ("PARTITION", "MAXFILESIZE", "ENCRYPTED", "ESCAPE", "FIXEDWIDTH"):
        raise not_emulated(f"UNLOAD {word}")
    else:
        raise RedshiftError("42601", f'syntax error at or near "{word or token}"')


def _format(stream: TokenStream, command: UnloadCommand, word: str) -> None:
    if word == "FORMAT":
        stream.accept("AS")
        word = stream.next().word
    if word not in ("CSV", "PARQUET", "JSON"):
        raise not_emulated(f"UNLOAD FORMAT {word}")
    command.format = word.lower()


class Unloader:
    """Runs one UNLOAD for one session."""

    def __init__(self, session: Session, command: UnloadCommand) -> None:
        self._session = session
        self._command = command

    async def run(self) -> None:
        """Write the rows, or raise Redshift's error."""
        bucket = await asyncio.to_thread(self._open)
        names, rows = await self._rows()
        count = len(rows)
        await asyncio.to_thread(self._write, bucket, names, rows)
        self._session.emit(
            wire.notice(
                "INFO", f"UNLOAD completed, {count} record(s) unloaded successfully."
            )
        )

    def _open(self) -> Bucket:
        storage, command = self._session.context.storage, self._command
        assert command.authorization is not None
        role = storage.role(command.authorization, self._session.user)
        name, prefix = split_url(command.target)
        bucket = storage.bucket(role, name, command.region)
        existing = bucket.list(prefix)
        if existing and command.overwrite == "CLEANPATH":
            bucket.delete(item.key for item in existing)
        elif existing and not command.overwrite:
            text = (
                "Specified unload destination on S3 is not empty. Consider using a "
                "different bucket / prefix, manually removing the target files in S3, "
                "or using the ALLOWOVERWRITE option."
            )
            raise RedshiftError("XX000", text, detail=error_block(text, 8001))
        return bucket

    async def _rows(self) -> tuple[list[tuple[str, int]], list[tuple[str | None, ...]]]:
        backend = self._session.backend
        backend.send(wire.query(self._command.sql))
        message = await backend.read()
        names: list[tuple[str, int]] = []
        if message.kind == b"T":
            columns = wire.decode_columns(message.body)
            names = [(lengthen(name), oid) for name, oid in columns]
        else:
            backend.unread(message)
        result = await backend.collect()
        return names, result.rows

    def _write(
        self,
        bucket: Bucket,
        names: list[tuple[str, int]],
        rows: list[tuple[str | None, ...]],
    ) -> None:
        command = self._command
        _, prefix = split_url(command.target)
        entries = []
        if rows or command.format in ("text", "csv"):
            data = _compress(_encode(command, names, rows), command.compression)
            part = "0000_part_00" if command.parallel else "000"
            key = f"{prefix}{part}{_suffix(command)}"
            bucket.put(key, data)
            meta = {"content_length": len(data), "record_count": len(rows)}
            entry: dict[str, Any] = {"url": f"s3://{bucket.name}/{key}"}
            if command.verbose:
                entry["meta"] = meta
            entries.append(entry)
        if command.manifest:
            bucket.put(f"{prefix}manifest", json.dumps({"entries": entries}).encode())


def _suffix(command: UnloadCommand) -> str:
    kind = {"csv": ".csv", "json": ".json", "parquet": ".parquet"}
    packed = {"GZIP": ".gz", "BZIP2": ".bz2", "ZSTD": ".zst"}
    return kind.get(command.format, "") + packed.get(command.compression, "")


def _compress(data: bytes, compression: str) -> bytes:
    if compression == "GZIP":
        return gzip.compress(data, mtime=0)
    if compression == "BZIP2":
        return bz2.compress(data)
    if compression == "ZSTD":
        return zstandard.ZstdCompressor().compress(data)
    return data


def _encode(
    command: UnloadCommand,
    names: list[tuple[str, int]],
    rows: list[tuple[str | None, ...]],
) -> bytes:
    if any(oid in _NO_UNLOAD for _, oid in names):
        raise not_emulated("UNLOAD of VARBYTE and HLLSKETCH")
    if command.format == "parquet":
        return _parquet(names, rows)
    if command.format == "json":
        lines = (
            json.dumps(
                {
                    name: _typed(value, oid)
                    for (name, oid), value in zip(names, row, strict=True)
                },
                separators=(",", ":"),
                ensure_ascii=False,
            )
            for row in rows
        )
        return "".join(line + "\n" for line in lines).encode()
    return _delimited(command, names, rows)


def _delimited(
    command: UnloadCommand,
    names: list[tuple[str, int]],
    rows: list[tuple[str | None, ...]],
) -> bytes:
    out = io.StringIO(newline="")
    delimiter = command.delimiter or ("," if command.format == "csv" else "|")
    quoting: Literal[0, 1, 3] = csv.QUOTE_NONE
    if command.format == "csv":
        quoting = csv.QUOTE_MINIMAL
    if command.add_quotes:
        quoting = csv.QUOTE_ALL
    writer = csv.writer(
        out,
        delimiter=delimiter,
        quoting=quoting,
        lineterminator="\n",
        escapechar="\\" if quoting == csv.QUOTE_NONE else None,
    )
    if command.header:
        writer.writerow([name for name, _ in names])
    for row in rows:
        writer.writerow([command.null_as if value is None else value for value in row])
    return out.getvalue().encode()


_NO_UNLOAD = {17, 6551, 2935}
_BOOL, _INTEGERS, _FLOATS, _SUPER = 16, {20, 21, 23}, {700, 701}, 3802


def _typed(value: str | None, oid: int) -> Any:
    if value is None:
        return None
    if oid == _BOOL:
        return value == "t"
    if oid in _INTEGERS:
        return int(value)
    if oid in _FLOATS:
        return float(value)
    return json.loads(value) if oid == _SUPER else value


def _parquet(names: list[tuple[str, int]], rows: list[tuple[str | None, ...]]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as problem:
        raise not_emulated("UNLOAD PARQUET without the extra [parquet]") from problem
    kinds = {
        16: pyarrow.bool_(),
        20: pyarrow.int64(),
        21: pyarrow.int32(),
        23: pyarrow.int32(),
        700: pyarrow.float32(),
        701: pyarrow.float64(),
    }
    arrays = [
        pyarrow.array(
            [_typed(row[at], oid) for row in rows],
            type=kinds.get(oid, pyarrow.string()),
        )
        for at, (_, oid) in enumerate(names)
    ]
    table = pyarrow.table(arrays, names=[name for name, _ in names])
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()
