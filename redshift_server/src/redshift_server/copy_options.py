"""The COPY statement: its grammar and which options exclude each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from redshift_server.errors import RedshiftError, not_emulated, syntax, unsupported
from redshift_server.stream import TokenStream

MAX_ERRORS = 100_000
COMPRESSIONS = ("GZIP", "BZIP2", "ZSTD", "LZOP")


@dataclass(frozen=True)
class Authorization:
    """Who reads or writes S3: a chain of roles, or a pair of keys."""

    roles: tuple[str, ...] = ()
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""


@dataclass
class CopyCommand:
    """A parsed COPY."""

    table: str
    columns: list[str] | None
    source: str
    authorization: Authorization | None = None
    format: str = ""  # json, csv, delimited or parquet
    json_option: str = "auto"
    manifest: bool = False
    compression: str = ""
    region: str = ""
    max_errors: int = 0
    ignore_all_errors: bool = False
    time_format: str = ""
    date_format: str = ""
    truncate_columns: bool = False
    replace_invalid: str | None = None
    blanks_as_null: bool = False
    empty_as_null: bool = False
    round_decimals: bool = False
    explicit_ids: bool = False
    no_load: bool = False
    accept_any_date: bool = False
    trim_blanks: bool = False
    delimiter: str = ""
    quote: str = '"'
    ignore_header: int = 0
    null_as: str | None = None
    fill_record: bool = False
    remove_quotes: bool = False
    escape: bool = False
    ignore_blank_lines: bool = False
    owner_needed: bool = False  # any STATUPDATE clause asks for ownership
    given: set[str] = field(default_factory=set)


def parse_copy(stream: TokenStream) -> CopyCommand:
    """Parse COPY; the word itself is used up already."""
    table = stream.qualified_name()
    columns = None
    if stream.at_symbol("("):
        inner = TokenStream(stream.parenthesised())
        columns = inner.listed(inner.name)
        inner.end()
    stream.expect("FROM")
    if stream.at_words("STDIN"):
        raise unsupported("COPY FROM STDIN")
    command = CopyCommand(table, columns, stream.string())
    if not command.source.startswith("s3://"):
        raise not_emulated("COPY from anything but S3")
    while not stream.done:
        _option(stream, command)
    _check(command)
    return command


def _option(stream: TokenStream, command: CopyCommand) -> None:
    token = stream.peek()
    word = token.word if token is not None else ""
    if word in ("FORMAT", "JSON", "CSV", "PARQUET", "DELIMITER"):
        _format(stream, command)
        return
    if word in ("WITH", "CREDENTIALS", "IAM_ROLE", "ACCESS_KEY_ID"):
        _authorization(stream, command)
        return
    handler = _OPTIONS.get(word)
    if handler is None:
        if word in _KNOWN_NOT_EMULATED:
            raise not_emulated(f"COPY option {word}")
        raise stream.error()
    stream.next()
    if word in command.given:
        raise RedshiftError("42601", f"conflicting or redundant options: {word}")
    command.given.add(word)
    handler(stream, command)


def _format(stream: TokenStream, command: CopyCommand) -> None:
    prefixed = stream.accept("FORMAT")
    stream.accept("AS")
    word = stream.next().word
    if command.format and not (word == "DELIMITER" and command.format == "csv"):
        raise RedshiftError("42601", "conflicting or redundant options: FORMAT")
    command.given.add(word)
    if word == "JSON":
        command.format = "json"
        stream.accept("AS")
        token = stream.peek()
        if token is not None and token.text.startswith("'"):
            command.json_option = stream.string()
    elif word == "CSV":
        command.format = "csv"
        if stream.accept("QUOTE"):
            stream.accept("AS")
            command.quote = _one_character(stream.string(), "QUOTE")
    elif word == "PARQUET":
        command.format = "parquet"
    elif word == "DELIMITER" and not prefixed:
        stream.accept("AS")
        command.delimiter = _one_character(stream.string(), "DELIMITER")
        command.format = command.format or "delimited"
    elif word in ("AVRO", "ORC", "SHAPEFILE", "FIXEDWIDTH"):
        raise not_emulated(f"COPY FORMAT {word}")
    else:
        raise syntax(word)


def _one_character(text: str, option: str) -> str:
    if len(text) != 1:
        raise RedshiftError("22023", f"COPY {option} must be a single character")
    return text


def _authorization(stream: TokenStream, command: CopyCommand) -> None:
    if command.authorization is not None:
        raise RedshiftError("42601", "conflicting or redundant options: credentials")
    command.authorization = parse_authorization(stream)


def parse_authorization(stream: TokenStream) -> Authorization:
    """Parse any of the forms that name a role or keys."""
    if stream.accept("IAM_ROLE"):
        if stream.accept("DEFAULT"):
            return Authorization(roles=("default",))
        return _chain(stream.string())
    if stream.accept("ACCESS_KEY_ID"):
        return _keys(stream)
    stream.accept("WITH")
    stream.expect("CREDENTIALS")
    stream.accept("AS")
    return _credentials(stream.string())


def _chain(text: str) -> Authorization:
    if text == "default":
        return Authorization(roles=("default",))
    if " " in text or not text.startswith("arn:"):
        raise RedshiftError("22023", f"Invalid IAM role ARN: {text}")
    return Authorization(roles=tuple(text.split(",")))


def _keys(stream: TokenStream) -> Authorization:
    stream.accept("AS")
    key = stream.string()
    stream.expect("SECRET_ACCESS_KEY")
    stream.accept("AS")
    secret = stream.string()
    token = ""
    if stream.accept_any("SESSION_TOKEN", "TOKEN"):
        stream.accept("AS")
        token = stream.string()
    return Authorization((), key, secret, token)


def _credentials(text: str) -> Authorization:
    pairs = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    if "aws_iam_role" in pairs:
        return _chain(pairs["aws_iam_role"])
    if {"aws_access_key_id", "aws_secret_access_key"} <= set(pairs):
        return Authorization(
            (),
            pairs["aws_access_key_id"],
            pairs["aws_secret_access_key"],
            pairs.get("token", ""),
        )
    raise RedshiftError("22023", "Invalid credentials string")


_JSON_EXCLUDES = frozenset(
    "CSV DELIMITER ESCAPE FILLRECORD FIXEDWIDTH IGNOREBLANKLINES NULL READRATIO "
    "REMOVEQUOTES".split()
)
_CSV_EXCLUDES = frozenset("FIXEDWIDTH REMOVEQUOTES ESCAPE".split())
_PARQUET_ALLOWS = frozenset(
    "PARQUET MANIFEST STATUPDATE COMPUPDATE FILLRECORD REGION NOLOAD".split()
)


def _check(command: CopyCommand) -> None:
    if command.authorization is None:
        raise RedshiftError(
            "XX000", "CREDENTIALS argument is required but not specified"
        )
    command.format = command.format or "delimited"
    excludes = {"json": _JSON_EXCLUDES, "csv": _CSV_EXCLUDES}.get(command.format)
    clash = command.given & excludes if excludes else set()
    if command.format == "csv":
        clash = clash - {"CSV"}
    if command.format == "parquet":
        clash = command.given - _PARQUET_ALLOWS
    if clash:
        raise RedshiftError(
            "42601",
            f"{command.format.upper()} is not supported with {sorted(clash)[0]}",
        )
    if command.ignore_all_errors and "MAXERROR" in command.given:
        raise RedshiftError("42601", "MAXERROR and IGNOREALLERRORS exclude each other")
    command.delimiter = command.delimiter or ("," if command.format == "csv" else "|")


_Handler = Callable[[TokenStream, CopyCommand], None]


def _flag(name: str) -> _Handler:
    def handle(_: TokenStream, command: CopyCommand) -> None:
        setattr(command, name, True)

    return handle


def _compression(word: str) -> _Handler:
    def handle(_: TokenStream, command: CopyCommand) -> None:
        if command.compression:
            raise RedshiftError("42601", f"conflicting or redundant options: {word}")
        command.compression = word

    return handle


def _text(name: str) -> _Handler:
    def handle(stream: TokenStream, command: CopyCommand) -> None:
        stream.accept("AS")
        setattr(command, name, stream.string())

    return handle


def _max_errors(stream: TokenStream, command: CopyCommand) -> None:
    stream.accept("AS")
    command.max_errors = stream.integer()
    if not 0 <= command.max_errors <= MAX_ERRORS:
        raise RedshiftError("22023", "MAXERROR must be between 0 and 100000")


def _time_format(stream: TokenStream, command: CopyCommand) -> None:
    stream.accept("AS")
    command.time_format = stream.string()
    if command.time_format.lower() in ("auto", "epochsecs", "epochmillisecs") and (
        command.time_format != command.time_format.lower()
    ):
        raise RedshiftError(
            "22023", f"Invalid TIMEFORMAT '{command.time_format}': use lower case"
        )


def _accept_invalid(stream: TokenStream, command: CopyCommand) -> None:
    stream.accept("AS")
    token = stream.peek()
    command.replace_invalid = "?"
    if token is not None and token.text.startswith("'"):
        command.replace_invalid = _one_character(stream.string(), "ACCEPTINVCHARS")


def _ignore_header(stream: TokenStream, command: CopyCommand) -> None:
    stream.accept("AS")
    command.ignore_header = stream.integer()


def _null_as(stream: TokenStream, command: CopyCommand) -> None:
    stream.accept("AS")
    command.null_as = stream.string()


def _quote(stream: TokenStream, command: CopyCommand) -> None:
    stream.accept("AS")
    command.quote = _one_character(stream.string(), "QUOTE")


def _compupdate(stream: TokenStream, _: CopyCommand) -> None:
    stream.accept_any("PRESET", "ON", "OFF", "TRUE", "FALSE")


def _statupdate(stream: TokenStream, command: CopyCommand) -> None:
    stream.accept_any("ON", "OFF", "TRUE", "FALSE")
    command.owner_needed = True


def _comprows(stream: TokenStream, _: CopyCommand) -> None:
    stream.integer()


def _encoding(stream: TokenStream, _: CopyCommand) -> None:
    stream.accept("AS")
    name = stream.next().value.upper()
    if name not in ("UTF8", "UTF-8"):
        raise not_emulated(f"COPY ENCODING {name}")


_OPTIONS: dict[str, _Handler] = {
    **{word: _compression(word) for word in COMPRESSIONS},
    "MANIFEST": _flag("manifest"),
    "REGION": _text("region"),
    "MAXERROR": _max_errors,
    "IGNOREALLERRORS": _flag("ignore_all_errors"),
    "TIMEFORMAT": _time_format,
    "DATEFORMAT": _text("date_format"),
    "TRUNCATECOLUMNS": _flag("truncate_columns"),
    "ACCEPTINVCHARS": _accept_invalid,
    "BLANKSASNULL": _flag("blanks_as_null"),
    "EMPTYASNULL": _flag("empty_as_null"),
    "ROUNDEC": _flag("round_decimals"),
    "EXPLICIT_IDS": _flag("explicit_ids"),
    "NOLOAD": _flag("no_load"),
    "ACCEPTANYDATE": _flag("accept_any_date"),
    "TRIMBLANKS": _flag("trim_blanks"),
    "IGNOREHEADER": _ignore_header,
    "NULL": _null_as,
    "QUOTE": _quote,
    "FILLRECORD": _flag("fill_record"),
    "REMOVEQUOTES": _flag("remove_quotes"),
    "ESCAPE": _flag("escape"),
    "IGNOREBLANKLINES": _flag("ignore_blank_lines"),
    "COMPUPDATE": _compupdate,
    "STATUPDATE": _statupdate,
    "COMPROWS": _comprows,
    "ENCODING": _encoding,
}
_KNOWN_NOT_EMULATED = frozenset(
    "ENCRYPTED MASTER_SYMMETRIC_KEY READRATIO SSH JOB SIMPLIFY SERIALIZETOJSON "
    "FIXEDWIDTH AVRO ORC SHAPEFILE".split()
)
