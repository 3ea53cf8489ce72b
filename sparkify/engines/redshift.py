"""Amazon Redshift: it copies from S3 by itself; what is accepted is judged in SQL.

What a COPY cannot take, or the judge does not accept, comes back record by record from
the strict reader. Facts about Redshift, and how sure they are: docs/redshift.md.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain, count, islice
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO, Any

import psycopg2

from sparkify.config import Settings, require
from sparkify.engines.base import InputRefusedError, Parameters, Row, kept
from sparkify.engines.libpq import Libpq
from sparkify.engines.reader import MemoryReader
from sparkify.engines.redshift_copy import Copy, Shelf, counted, quoted
from sparkify.engines.redshift_errors import REMEDIES, SIGNS, LoadRefused
from sparkify.engines.redshift_login import login
from sparkify.errors import (
    ConfigError,
    SourceChanged,
    SparkifyError,
    TransientError,
    WarehouseError,
)
from sparkify.models import Table
from sparkify.sources.files import UNCOUNTED, Input, SourceFile, is_local
from sparkify.sources.join import JOIN_BELOW

# Numbers are judged as text too; a longer one is for the strict reader.
_NUMBER_WIDTH = 256
_FEW_ROWS = 500
_STATEMENT_BYTES = 1024 * 1024
# From here on the planner may gain by new statistics; Redshift skips the work where
# less than a tenth of a table has changed.
_MANY_ROWS = 1000
_TOLD_BYTES = 256
_NUL = rb"\u0000"
_LOG_SECONDS = 15.0
_LOG_PAUSE = 0.5
_NOT_FOUND = {
    "uri": "varchar(1)",
    "position": "bigint",
    "line": "bigint",
    "raw_record": "varchar(1)",
    "raw_bytes": "bigint",
}
_FILLED = re.compile(r"insert into ([\w.]+)")


class Redshift(Libpq):
    """The engine contract on Redshift."""

    required = ("db_name",)  # who may log in, and where, AWS can tell
    fetched_rows = 1000  # a cluster of a single node refuses more

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._shelf = Shelf(settings)
        self._numbers = count()
        self._pid = 0
        self._began: object = None
        self._seen: set[object] = set()

    @contextmanager
    def session(
        self, *, read_only: bool = False, sealed: bool = False
    ) -> Iterator[None]:
        """See Engine; what was spooled goes when it ends, or with the next run."""
        with super().session(read_only=read_only, sealed=sealed):
            try:
                yield
            finally:
                with suppress(SparkifyError):
                    self._shelf.clear()

    def lock(self, table: Table) -> None:
        """See Engine."""
        super().lock(table)
        self._shelf.take_over()

    def _lockers(self, relation: int) -> list[Row]:
        return self.query(
            """
            select distinct
                pid,
                txn_owner,
                txn_start
            from svv_transactions
            where
                relation = :relation
                and granted
                and lock_mode = 'AccessExclusiveLock'
            """,
            {"relation": relation},
        )

    def reads(self, file: SourceFile) -> bool:
        """See Engine: all of S3; but many small objects are better joined."""
        self._require_access(file)
        return not is_local(file) and (
            file.bytes >= JOIN_BELOW or not self._shelf.has_spool
        )

    @staticmethod
    def ddl(table: Table) -> Iterator[str]:
        """The statements that create a table, with how it is distributed and sorted."""
        create, *comments = table.create
        yield "\n".join([create, *_attributes(table)])
        yield from comments

    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """See Engine."""
        rows = super().execute(sql, parameters)
        filled = _FILLED.search(sql)
        if filled and rows >= _MANY_ROWS:
            self._run(f"analyze {filled[1]}")
        return rows

    def copy(
        self, table: Table, inputs: Sequence[Input], load_id: int, rejects: Table
    ) -> tuple[int, list[Input]]:
        """See Engine."""
        if inputs[0].strict:
            return self._copy_strict(table, inputs, load_id, rejects), list(inputs)
        incoming, read = self._receive(table, inputs)
        names = ", ".join(column.name for column in table.columns)
        values = ", ".join(map(kept, table.columns[:-1]))
        accepted = self.execute(
            f"insert into {table.full_name} ({names})\n"
            f"{_judged(table, incoming)}\n"
            f"select {values}, {load_id:d} as load_id from judged"
        )
        self._run(f"drop table {incoming}")
        return accepted, read

    def suspects(self, table: Table, inputs: Sequence[Input]) -> list[Input]:
        """See Engine: found by halves, since rows do not say what file they are of."""
        if self._accepts(table, inputs):
            return []
        if len(inputs) == 1:
            return list(inputs)
        half = len(inputs) // 2
        return [
            *self.suspects(table, inputs[:half]),
            *self.suspects(table, inputs[half:]),
        ]

    def unknown_keys(
        self, table: Table, inputs: Sequence[Input]
    ) -> list[tuple[str, int, str]]:
        """See Engine. COPY does not tell those of objects that it reads in place."""
        here = [each for each in inputs if not each.is_remote]
        if not here:
            return []
        with closing(MemoryReader(self._settings)) as reader:
            return reader.unknown_keys(table, here)

    def filled(self, table: Table) -> None:
        """See Engine; nothing is made of the rows."""

    def append(self, table: Table, rows: Iterable[Sequence[object]]) -> int:
        """See Engine: few by value, many through S3."""
        rest = iter(rows)
        few = list(islice(rest, _FEW_ROWS + 1))
        if len(few) <= _FEW_ROWS or not self._shelf.has_spool:
            return self._insert_values(table, chain(few, rest))
        names = [column.name for column in table.columns]

        def write(file: IO[str]) -> int:
            written = 0
            for row in chain(few, rest):
                record = dict(zip(names, row, strict=True))
                text = json.dumps(record, default=str, ensure_ascii=False)
                file.write(text + "\n")
                written += 1
            return written

        return self._copy_own(table, write)

    def _login(self) -> dict[str, Any]:
        return login(self._settings)

    def _set_up(self) -> None:
        limit = round(self._settings.statement_timeout * 1000)
        self._run(
            f"set timezone to 'UTC'; set statement_timeout to {limit}; "
            "set query_group to 'sparkify'; "
            "set extra_float_digits to 2; "  # else numbers are told cut to 15 digits
            # An update that finds two rows for one is a fault of ours.
            "set error_on_nondeterministic_update to on"
        )
        # Functions without a table: the snapshot comes with the first table.
        [(pid, self._began)] = self._run(
            "select pg_backend_pid(), getdate()"
        ).fetchall()
        self._pid = int(str(pid))

    def _explain(self, error: psycopg2.Error) -> SparkifyError:
        text = f"{error} {error.diag.message_detail or ''}"
        for sign, meaning in SIGNS.items():
            if sign in text:
                said = error.diag.message_primary or str(error)
                return self._error(meaning, said)
        return super()._explain(error)

    def _require_access(self, file: SourceFile) -> None:
        settings = self._settings
        if not settings.role_arn and settings.aws_key:
            raise ConfigError(
                f"{settings.file}: [IAM_ROLE] ARN is not set, and [AWS] KEY does not "
                "replace it: a COPY stands readable in the cluster's logs, and keys in "
                "it would too. Set ARN to a role that is attached to the cluster."
            )
        require(settings, "role_arn")
        if is_local(file) and not self._shelf.has_spool:
            raise ConfigError(
                f"{settings.file}: {file.uri} is a file of this machine, and Redshift "
                "reads from S3 alone; set [S3] SPOOL, where it can be put for it."
            )

    def _receive(
        self, table: Table, inputs: Sequence[Input]
    ) -> tuple[str, list[Input]]:
        """A new table with each value as text, and the inputs, their records counted.

        Raises InputRefusedError unless there is an acceptable record a line.
        """
        incoming = f"sparkify_incoming_{next(self._numbers)}"
        mapped = self._shelf.mapped(table)
        names = [key.lower() for key in mapped.keys]
        widths = {
            key.lower(): (column.width or _NUMBER_WIDTH) + 1
            for key, column in zip(table.json_keys, table.columns[:-1], strict=True)
        }
        columns = ", ".join(f"{name} varchar({widths[name]})" for name in names)
        if any(_may_hold_nul(each) for each in inputs):
            raise InputRefusedError
        self._run(f"create temp table {incoming} ({columns})")
        read: list[Input] = []
        try:
            for copy in self._shelf.plan(inputs):
                read += self._copy_in(incoming, names, copy, mapped.option)
        except LoadRefused:
            raise InputRefusedError from None
        [(records, bad, values)] = self.query(
            f"{_judged(table, incoming)}\n"
            f"select count(*) as records, count(reason) as bad, {_values(table)} "
            "from judged"
        )
        if bad or records != sum(each.lines for each in read):
            raise InputRefusedError
        self._compare_values(table, inputs, values)
        return incoming, read

    def _copy_in(
        self, target: str, names: Sequence[str], copy: Copy, option: str
    ) -> Iterator[Input]:
        """One COPY into a table of texts; the inputs that it has read."""
        self._run(self._statement(target, names, copy, option, "statupdate off"))
        lines = self._lines(copy)
        for uri, piece in copy.pieces.items():
            if piece.lines not in {UNCOUNTED, lines[uri]}:
                raise InputRefusedError
        return counted(copy.pieces, lines)

    def _statement(
        self, target: str, names: Sequence[str], copy: Copy, option: str, *more: str
    ) -> str:
        role = self._settings.role_arn
        words = [
            f"copy {target} ({', '.join(names)})",
            f"from {quoted(copy.address)}",
            f"iam_role {role if role == 'default' else quoted(role)}",
            f"format as json {quoted(option)}",
            "manifest" if copy.is_manifest else "",
            copy.compressed,
            f"region {quoted(region)}" if (region := self._shelf.region(copy)) else "",
            "maxerror 0",
            "compupdate off",
            *more,
        ]
        return "\n".join(filter(None, words))

    def _lines(self, copy: Copy) -> dict[str, int]:
        """The lines read of each object; raises SourceChanged for another version."""
        told = _as_told(copy)
        deadline = time.monotonic() + _LOG_SECONDS
        while True:
            query, scanned = self._scanned(copy)
            found = {told.get(uri, uri): each for uri, each in scanned.items()}
            if set(copy.pieces) <= set(found):
                self._seen.add(query)
                break
            if time.monotonic() > deadline:
                missing = min(set(copy.pieces) - set(found))
                raise TransientError(
                    f"{missing}: SYS_LOAD_DETAIL does not say that it was read; run "
                    "again."
                )
            # The log of a cluster may come a moment later.
            time.sleep(_LOG_PAUSE)
        for uri, (etag, lines) in found.items():
            piece = copy.pieces.get(uri)
            if piece is None and lines:
                raise SourceChanged(
                    f"{uri}: was read though it is not to be: its name begins like "
                    f"{copy.address}. Set [S3] SPOOL, or run again if it is new."
                )
            if piece and piece.etag and etag != piece.etag.strip('"'):
                raise SourceChanged(f"{uri}: was replaced as it was read; run again.")
        return {uri: lines for uri, (_, lines) in found.items()}

    def _scanned(self, copy: Copy) -> tuple[object, dict[str, tuple[str, int]]]:
        """The newest COPY of this address, and what it read: ETag and lines by object.

        Neither one of another session with this number, nor one that was looked at.
        """
        rows = self.query(
            """
            select
                sys_load_detail.query_id,
                trim(sys_load_detail.file_name) as file_name,
                trim(sys_load_detail.file_etag) as file_etag,
                sys_load_detail.lines_scanned
            from sys_load_history
            inner join sys_load_detail
                on sys_load_history.query_id = sys_load_detail.query_id
            where
                sys_load_history.session_id = :pid
                and sys_load_history.data_source = :address
                and sys_load_history.start_time >= :began
            order by sys_load_detail.query_id desc
            """,
            {"pid": self._pid, "address": copy.address, "began": self._began},
        )
        fresh = [row for row in rows if row[0] not in self._seen]
        newest = fresh[0][0] if fresh else None
        return newest, {
            str(uri): (str(etag).strip('"'), int(str(lines)))
            for query, uri, etag, lines in fresh
            if query == newest
        }

    def _compare_values(
        self, table: Table, inputs: Sequence[Input], values: object
    ) -> None:
        """Have a second look where there are more keys than values have come.

        Most are keys that no column takes. A key that stands twice is a fault that
        COPY does not tell.
        """
        here = [each for each in inputs if not each.is_remote]
        if len(here) < len(inputs) or values == sum(each.values for each in here):
            return
        with closing(MemoryReader(self._settings)) as reader:
            if reader.suspects(table, here):
                raise InputRefusedError

    def _accepts(self, table: Table, inputs: Sequence[Input]) -> bool:
        """Try a copy, and undo it."""
        self._run("begin transaction")
        accepts = True
        try:
            self._receive(table, inputs)
        except InputRefusedError:
            accepts = False
        except BaseException:
            # What is told is what came first, such as Ctrl-C.
            with suppress(SparkifyError):
                self._run("rollback")
            raise
        self._run("rollback")
        return accepts

    def _copy_strict(
        self, table: Table, inputs: Sequence[Input], load_id: int, rejects: Table
    ) -> int:
        """Put the good ones of split records to S3 and copy them; keep the others."""
        with closing(MemoryReader(self._settings)) as reader:
            reader.show(table, inputs)
            if not self._shelf.has_spool:
                raise self._unsplit(reader.run(reader.rejected(table, load_id)))

            def select(rows: str) -> Callable[[IO[str]], int]:
                def write(file: IO[str]) -> int:
                    copy = f"copy ({rows}) to '{file.name}' (format json)"
                    return int(str(reader.run(copy)[0][0]))

                return write

            accepted = self._copy_own(table, select(reader.accepted(table, load_id)))
            self._copy_own(rejects, select(reader.rejected(table, load_id)))
        return accepted

    def _unsplit(self, rejected: Sequence[Row]) -> ConfigError:
        """There is no place to put the good records apart from these."""
        first = ""
        if rejected:
            _, _, uri, _, line, reason, *_ = rejected[0]
            first = f"{uri}, line {line}: {reason}. "
        return ConfigError(
            f"{first}Redshift copies a file whole or not at all; set [S3] SPOOL, so "
            "that the other records can be put there, or correct the file."
        )

    def _copy_own(self, table: Table, write: Callable[[IO[str]], int]) -> int:
        """Copy rows that we write into a table of ours, through S3; their number."""
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="sparkify-",
            suffix=".json",
            dir=self._settings.spool_folder,
            encoding="utf-8",
        ) as file:
            rows = write(file)
            file.flush()
            if not rows:
                return 0
            spooled = self._shelf.put(f"{table.name}.json", Path(file.name))
        copy = Copy(spooled.uri, {})
        names = [column.name for column in table.columns]
        try:
            # STATUPDATE would need the table's owner.
            self._run(self._statement(table.full_name, names, copy, "auto"))
        except LoadRefused:
            raise self._told(copy) from None
        [(copied,)] = self.query("select pg_last_copy_count()")
        if copied != rows:
            raise WarehouseError(
                f"{self._settings.warehouse}: of {rows:,} rows for {table.full_name} "
                f"COPY has taken {copied}."
            )
        return rows

    def _told(self, copy: Copy) -> WarehouseError:
        """What the views tell of our own file that COPY refused."""
        # In a transaction that has failed nothing can be asked.
        self._run("rollback")
        found = self.query(
            """
            select
                line_number,
                trim(column_name) as column_name,
                error_code,
                trim(error_message) as error_message
            from sys_load_error_detail
            where
                session_id = :pid
                and trim(file_name) = :address
            order by start_time desc
            limit 1
            """,
            {"pid": self._pid, "address": copy.address},
        )
        if not found:
            return WarehouseError(
                f"{copy.address}: COPY refuses it, and SYS_LOAD_ERROR_DETAIL does not "
                "say why."
            )
        line, column, code, message = found[0]
        remedy = REMEDIES.get(int(str(code)), "see the codes in the AWS guide")
        where = f"line {line}" + (f", column {column}" if column else "")
        return WarehouseError(
            f"{copy.address}: COPY refuses {where}: {message} (code {code}): {remedy}."
        )

    def _insert_values(self, table: Table, rows: Iterator[Sequence[object]]) -> int:
        assert self._connection
        names = ", ".join(column.name for column in table.columns)
        insert = f"insert into {table.full_name} ({names}) values\n"
        inserted = 0
        with self._connection.cursor() as cursor:
            mark = "(" + ", ".join(["%s"] * len(table.columns)) + ")"
            values: list[str] = []
            size = 0
            for row in rows:
                value = cursor.mogrify(mark, [_plain(each) for each in row]).decode()
                if size + len(value) > _STATEMENT_BYTES:
                    inserted += self.execute(insert + ",\n".join(values))
                    values, size = [], 0
                values.append(value)
                size += len(value)
            if values:
                inserted += self.execute(insert + ",\n".join(values))
        return inserted


def _attributes(table: Table) -> Iterator[str]:
    for spread in table.physical.distribution:
        is_style = spread in {"all", "even"}
        yield f"diststyle {spread}" if is_style else f"diststyle key distkey ({spread})"
    for columns in table.physical.order:
        yield f"compound sortkey ({columns})"
    # Said, though it is so anyway: Redshift chooses encodings, and chooses again.
    yield "encode auto"


def _judged(table: Table, incoming: str) -> str:
    """`incoming` as the judge knows it, and what it says: to be selected from."""
    columns = table.columns[:-1]
    values = ", ".join(
        f"{key.lower()} as {column.name}"
        for key, column in zip(table.json_keys, columns, strict=True)
    )
    found = ", ".join(f"cast(null as {t}) as {name}" for name, t in _NOT_FOUND.items())
    too_long = " ".join(
        f"when octet_length({key.lower()}) > {column.width} "
        f"then '{column.name}: too long'"
        for key, column in zip(table.json_keys, columns, strict=True)
        if column.width
    )
    return (
        f"with incoming as (select {values}, {found}, case {too_long} end as bad_text "
        f"from {incoming}), judged as (\n{table.judge}\n)"
    )


def _values(table: Table) -> str:
    counts = " + ".join(f"count({column.name})" for column in table.columns[:-1])
    return f"{counts} as delivered"


def _plain(value: object) -> object:
    """A value that needs no cast in a literal."""
    is_plain = value is None or isinstance(value, int | float | str)
    return value if is_plain else str(value)


def _as_told(copy: Copy) -> dict[str, str]:
    """The objects of a COPY by the name that SYS_LOAD_DETAIL has: 256 bytes of it.

    Raises ConfigError where these do not tell them apart.
    """
    told = {
        uri.encode()[:_TOLD_BYTES].decode(errors="ignore"): uri for uri in copy.pieces
    }
    if len(told) < len(copy.pieces):
        raise ConfigError(
            f"{copy.address}: objects whose names are alike in their first "
            f"{_TOLD_BYTES} bytes cannot be told apart by what Redshift says it read; "
            "set [S3] SPOOL, or give them shorter names."
        )
    return told


def _may_hold_nul(each: Input) -> bool:
    """Whether a plain input of this machine has an escaped NUL; COPY may cut there."""
    if each.is_remote or each.strict:
        return False
    with Path(each.path).open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return False
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            return content.find(_NUL) >= 0
