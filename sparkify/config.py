"""`dwh.cfg` < environment < flags → one frozen Settings.

Each option is a row of OPTIONS; the classic file with [CLUSTER], [IAM_ROLE] and [S3]
keeps working. Only this module reads the environment.
"""

from __future__ import annotations

import configparser
import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from sparkify.errors import ConfigError

ENGINES = ("duckdb", "postgres", "redshift")
LOG_FORMATS = ("text", "json")
SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
DEFAULT_FILE = Path("dwh.cfg")


@dataclass(frozen=True)
class Settings:
    """What a run needs to know. Secrets are left out of its repr."""

    engine: str = "duckdb"
    path: Path = Path("sparkify.duckdb")
    schema_prefix: str = ""
    readers: str = ""
    host: str = ""
    db_name: str = ""
    db_user: str = ""
    db_password: str = field(default="", repr=False)
    db_port: int = 0
    sslmode: str = ""
    sslrootcert: Path | None = None
    cluster_identifier: str = ""
    workgroup: str = ""
    secret_arn: str = ""
    role_arn: str = ""
    aws_key: str = field(default="", repr=False)
    aws_secret: str = field(default="", repr=False)
    aws_token: str = field(default="", repr=False)
    aws_profile: str = ""
    aws_region: str = ""
    log_data: str = ""
    log_jsonpath: str = ""
    song_data: str = ""
    s3_region: str = ""
    endpoint_url: str = ""
    s3_role_arn: str = ""
    s3_anonymous: bool = False
    requester_pays: bool = False
    events_queue: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    s3_connections: int = 16
    s3_timeout: float = 120.0
    s3_retry_for: float = 60.0
    aws_files: bool = False
    spool: str = ""
    spool_folder: Path | None = None
    spool_bytes: int = 64 * 1024 * 1024 * 1024
    batch_bytes: int = 512 * 1024 * 1024
    max_rejects: float = 0.01
    memory_limit: int = 512 * 1024 * 1024
    lock_wait: float = 60.0
    statement_timeout: float = 3600.0
    log_format: str = ""
    metrics_file: Path | None = None
    metrics_listen: str = ""
    lineage_url: str = ""
    lineage_key: str = field(default="", repr=False)
    lineage_file: Path | None = None
    lineage_namespace: str = "sparkify"
    notify_url: tuple[str, ...] = field(default=(), repr=False)
    notify_rejects: float = 0.001
    notify_stale: float = 0.0
    checks_folder: Path | None = None
    volume_factor: float = 3.0
    match_rate_drop: float = 0.3
    least_weeks: int = 4
    least_plays: int = 100
    least_group: int = 5
    file: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def warehouse(self) -> str:
        """What to call the warehouse in a message."""
        if self.engine == "duckdb":
            return str(self.path)
        place = self.host or self.cluster_identifier or self.workgroup
        return f"{self.db_name} on {place}"

    def jsonpaths(self, dataset: str) -> str:
        """Where the user's own mapping of a dataset is; empty for ours."""
        return self.log_jsonpath if dataset == "events" else ""

    @property
    def grantee(self) -> str:
        """Who may read the star, as a GRANT of this engine says it."""
        # To PostgreSQL every user and group is a role, and GRANT has no word for it.
        word = "role " if self.engine == "postgres" else ""
        return self.readers.removeprefix(word)

    @property
    def port(self) -> int:
        """Where the server listens."""
        return self.db_port or (5432 if self.engine == "postgres" else 5439)


@dataclass(frozen=True)
class Option:
    """A row of the table: where it stands, which setting it is, how it is read.

    `usual` has the variables by which other tools know it; they count last.
    """

    section: str
    name: str
    setting: str
    parse: Callable[[str], object]
    usual: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"SPARKIFY_{self.section}_{self.name}"


def _integer(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text):
        raise ValueError("is not a whole number")
    return int(text)


def _bytes(text: str) -> int:
    """`1048576`, `512MB`, `2 GB`; units are powers of 1024."""
    found = re.fullmatch(r"([0-9]+) *(?:([KMGT]?)i?B?)", text, re.IGNORECASE)
    if not found or int(found[1]) == 0:
        raise ValueError("is not a size such as 512MB")
    return int(found[1]) << 10 * " KMGT".index(found[2].upper() or " ")


def _rejects(text: str) -> float:
    """`1%` as a share below 1, `5` as a count from 1; 0 allows none."""
    found = re.fullmatch(r"([0-9]+(?:[.][0-9]+)?) *(%?)", text)
    if not found or (found[2] and float(found[1]) >= 100):
        raise ValueError("is not a share such as 1% or a count such as 5")
    if not found[2] and not found[1].isdigit():
        raise ValueError("is not a share such as 1% or a count such as 5")
    return float(found[1]) / (100 if found[2] else 1)


def _weeks(text: str) -> int:
    """How many weeks of those that a day is held against: work.usual_days has eight."""
    if not re.fullmatch(r"[1-8]", text):
        raise ValueError("is not a number of weeks from 1 to 8")
    return int(text)


def _factor(text: str) -> float:
    if not re.fullmatch(r"[0-9]+([.][0-9]+)?", text) or float(text) <= 1:
        raise ValueError("is not a number above 1, such as 3")
    return float(text)


def allowed(limit: float, records: int) -> float:
    """How many of `records` a limit allows: a share of them below 1, else so many."""
    return limit * records if limit < 1 else limit


def _share(text: str) -> float:
    """`50%`, as a share of 1."""
    found = re.fullmatch(r"([0-9]+(?:[.][0-9]+)?) *%", text)
    if not found:
        raise ValueError("is not a share such as 50%")
    return float(found[1]) / 100


def seconds(text: str) -> float:
    """`90`, `90s`, `5m`, `1h`, `2d`. Raises ValueError."""
    found = re.fullmatch(r"([0-9]+(?:[.][0-9]+)?) *([smhd]?)", text)
    if not found:
        raise ValueError("is not a time such as 90s or 5m")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def _flag(text: str) -> bool:
    known = configparser.ConfigParser.BOOLEAN_STATES
    if text.lower() not in known:
        raise ValueError("is neither yes nor no")
    return known[text.lower()]


def _count(text: str) -> int:
    if _integer(text) == 0:
        raise ValueError("has to be 1 or more")
    return int(text)


def _patterns(text: str) -> tuple[str, ...]:
    """Patterns apart by commas or lines."""
    return tuple(filter(None, map(str.strip, re.split(r"[,\n]", text))))


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^/\s@]+(/[^\s]*)?", text):
        raise ValueError("is no address such as https://s3.example.com")
    return text.rstrip("/")


def _prefix_in_s3(text: str) -> str:
    if not re.fullmatch(r"s3://[^/\s]+(/.*)?", text):
        raise ValueError("is no location such as s3://bucket/prefix")
    return text


def _engine(text: str) -> str:
    if text.lower() not in ENGINES:
        raise ValueError(f"is not one of {', '.join(ENGINES)}")
    return text.lower()


def _sslmode(text: str) -> str:
    if text not in SSLMODES:
        raise ValueError(f"is not one of {', '.join(SSLMODES)}")
    return text


def _log_format(text: str) -> str:
    if text not in LOG_FORMATS:
        raise ValueError(f"is not one of {', '.join(LOG_FORMATS)}")
    return text


def _listen(text: str) -> str:
    """`127.0.0.1:9187`, or `:9187` for all addresses of the machine."""
    found = re.fullmatch(r"[^\s/]*:([0-9]{1,5})", text)
    if not found or int(found[1]) > 65535:
        raise ValueError("is no address such as 127.0.0.1:9187")
    return text


def _words(text: str) -> tuple[str, ...]:
    """Apart by blanks or lines."""
    return tuple(text.split())


def _prefix(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}|", text):
        raise ValueError("may have small letters, digits and _ only, a letter first")
    return text


def _readers(text: str) -> str:
    if not re.fullmatch(r"((role|group) )?[a-z_][a-z0-9_]{0,62}", text, re.IGNORECASE):
        raise ValueError("is no name such as `role analysts` or `group analysts`")
    return text.lower()


OPTIONS = (
    Option("WAREHOUSE", "ENGINE", "engine", _engine),
    Option("WAREHOUSE", "PATH", "path", Path),
    Option("WAREHOUSE", "SCHEMA_PREFIX", "schema_prefix", _prefix),
    Option("WAREHOUSE", "READERS", "readers", _readers),
    Option("CLUSTER", "HOST", "host", str),
    Option("CLUSTER", "DB_NAME", "db_name", str),
    Option("CLUSTER", "DB_USER", "db_user", str),
    Option("CLUSTER", "DB_PASSWORD", "db_password", str),
    Option("CLUSTER", "DB_PORT", "db_port", _integer),
    Option("CLUSTER", "SSLMODE", "sslmode", _sslmode),
    Option("CLUSTER", "SSLROOTCERT", "sslrootcert", Path),
    Option("CLUSTER", "CLUSTER_IDENTIFIER", "cluster_identifier", str),
    Option("CLUSTER", "WORKGROUP", "workgroup", str),
    Option("CLUSTER", "SECRET_ARN", "secret_arn", str),
    Option("IAM_ROLE", "ARN", "role_arn", str),
    Option("AWS", "KEY", "aws_key", str),
    Option("AWS", "SECRET", "aws_secret", str),
    Option("AWS", "TOKEN", "aws_token", str),
    Option("AWS", "PROFILE", "aws_profile", str),
    Option("AWS", "REGION", "aws_region", str, ("AWS_REGION", "AWS_DEFAULT_REGION")),
    Option("S3", "LOG_DATA", "log_data", str),
    Option("S3", "LOG_JSONPATH", "log_jsonpath", str),
    Option("S3", "SONG_DATA", "song_data", str),
    Option("S3", "REGION", "s3_region", str),
    Option(
        "S3",
        "ENDPOINT_URL",
        "endpoint_url",
        _web_address,
        ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    ),
    Option("S3", "ROLE_ARN", "s3_role_arn", str),
    Option("S3", "ANONYMOUS", "s3_anonymous", _flag),
    Option("S3", "REQUESTER_PAYS", "requester_pays", _flag),
    Option("S3", "EVENTS_QUEUE", "events_queue", _web_address),
    Option("S3", "INCLUDE", "include", _patterns),
    Option("S3", "EXCLUDE", "exclude", _patterns),
    Option("S3", "CONNECTIONS", "s3_connections", _count),
    Option("S3", "TIMEOUT", "s3_timeout", seconds),
    Option("S3", "RETRY_FOR", "s3_retry_for", seconds),
    Option("S3", "SPOOL", "spool", _prefix_in_s3),
    Option("LOAD", "SPOOL_FOLDER", "spool_folder", Path),
    Option("LOAD", "SPOOL_BYTES", "spool_bytes", _bytes),
    Option("LOAD", "BATCH_BYTES", "batch_bytes", _bytes),
    Option("LOAD", "MAX_REJECTS", "max_rejects", _rejects),
    Option("LOAD", "MEMORY_LIMIT", "memory_limit", _bytes),
    Option("LOAD", "LOCK_WAIT", "lock_wait", seconds),
    Option("LOAD", "STATEMENT_TIMEOUT", "statement_timeout", seconds),
    Option("CHECKS", "FOLDER", "checks_folder", Path),
    Option("CHECKS", "VOLUME_FACTOR", "volume_factor", _factor),
    Option("CHECKS", "MATCH_RATE_DROP", "match_rate_drop", _share),
    Option("CHECKS", "LEAST_WEEKS", "least_weeks", _weeks),
    Option("CHECKS", "LEAST_PLAYS", "least_plays", _count),
    Option("REPORT", "LEAST_GROUP", "least_group", _count),
    Option("OBSERVE", "LOG_FORMAT", "log_format", _log_format),
    Option("OBSERVE", "METRICS_FILE", "metrics_file", Path),
    Option("OBSERVE", "METRICS_LISTEN", "metrics_listen", _listen),
    Option("OBSERVE", "LINEAGE_URL", "lineage_url", _web_address),
    Option("OBSERVE", "LINEAGE_KEY", "lineage_key", str),
    Option("OBSERVE", "LINEAGE_FILE", "lineage_file", Path),
    Option("OBSERVE", "LINEAGE_NAMESPACE", "lineage_namespace", str),
    Option("OBSERVE", "NOTIFY_URL", "notify_url", _words),
    Option("OBSERVE", "NOTIFY_REJECTS", "notify_rejects", _rejects),
    Option("OBSERVE", "NOTIFY_STALE", "notify_stale", seconds),
)
_SECRETS = {
    *("db_password", "aws_key", "aws_secret", "aws_token", "endpoint_url"),
    *("lineage_url", "lineage_key", "notify_url"),
}
_OF_A_CLUSTER = ("host", "cluster_identifier", "workgroup")
_FOLDERS = {"log_data", "song_data", "log_jsonpath"}


def load_settings(
    file: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """Read the configuration: file, then environment, then flags; the last one wins.

    `file` None means `./dwh.cfg`. Raises ConfigError.
    """
    env = os.environ if environment is None else environment
    path = _absolute(file or DEFAULT_FILE)
    parser = _read_file(path)
    warnings = (*_unknown(parser, path), *_unknown_variables(env))
    values: dict[str, object] = {"file": path, "warnings": warnings}
    for option in OPTIONS:
        text, origin = _find(option, parser, path, env)
        if text:
            base = path.parent if origin == str(path) else _absolute(Path())
            values[option.setting] = _parse(option, text, origin, base)
    values |= flags or {}
    if "engine" not in values and any(map(values.get, _OF_A_CLUSTER)):
        values["engine"] = "redshift"
    values["aws_files"] = _has_aws_files(env)
    if "path" not in values:
        values["path"] = path.parent / Settings.path
    known = {f.name for f in fields(Settings)}
    assert set(values) <= known
    return Settings(**values)  # type: ignore[arg-type]  # the table types each value


def require(settings: Settings, *names: str) -> None:
    """Raise ConfigError, naming section and option, when a setting is empty."""
    for option in OPTIONS:
        if option.setting in names and not getattr(settings, option.setting):
            raise ConfigError(
                f"{settings.file}: [{option.section}] {option.name} is not set; "
                f"set it there or in {option.variable}."
            )


def _has_aws_files(environment: Mapping[str, str]) -> bool:
    """Whether credentials may come from a profile: keys of the environment go first."""
    if environment.get("AWS_ACCESS_KEY_ID"):
        return False
    home = Path(environment.get("HOME", "~")).expanduser() / ".aws"
    files = (
        environment.get("AWS_CONFIG_FILE") or home / "config",
        environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials",
    )
    return bool(environment.get("AWS_PROFILE")) or any(map(os.path.isfile, files))


def require_apart(settings: Settings) -> None:
    """Raise ConfigError when LOG_DATA and SONG_DATA overlap, or SPOOL is in them."""
    logs, songs = (
        folder.rstrip("/") + "/" for folder in (settings.log_data, settings.song_data)
    )
    if logs.startswith(songs) or songs.startswith(logs):
        raise ConfigError(
            f"{settings.file}: [S3] LOG_DATA and SONG_DATA overlap; "
            "give each a folder of its own."
        )
    spool = settings.spool.rstrip("/") + "/"
    if settings.spool and spool.startswith((logs, songs)):
        raise ConfigError(
            f"{settings.file}: [S3] SPOOL lies where the data is; "
            "give it a folder of its own."
        )


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except FileNotFoundError:
        raise ConfigError(
            "The current folder was removed; run from another one."
        ) from None


def _read_file(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    try:
        parser.read_string(path.read_text("utf-8-sig"), source=str(path))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file; run from the folder of your dwh.cfg, "
            "or name it with --config FILE."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}.") from None
    except configparser.Error as error:
        # Never the text of a line: it may be a password.
        raise ConfigError(f"{path}: {_mistake(error)}.") from None
    return parser


def _mistake(error: configparser.Error) -> str:
    match error:
        case configparser.DuplicateOptionError():
            return f"[{error.section}] {error.option.upper()} is set twice"
        case configparser.DuplicateSectionError():
            return f"section [{error.section}] stands twice"
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno} stands before the first section, such as [S3]"
        case configparser.ParsingError():
            return f"line {error.errors[0][0]} is no `OPTION = value`"
    return "it is not in INI format"


def _unknown(parser: configparser.ConfigParser, path: Path) -> Iterator[str]:
    """Warn of unknown sections; raise on unknown options of known ones."""
    sections = {option.section for option in OPTIONS}
    for section in parser.sections():
        if section.upper() not in sections:
            yield f"{path}: section [{section}] is unknown and was not read."
            continue
        names = [o.name for o in OPTIONS if o.section == section.upper()]
        for name in parser[section]:
            if name.upper() not in names:
                nearest = difflib.get_close_matches(name.upper(), names, n=1, cutoff=0)
                raise ConfigError(
                    f"{path}: [{section}] {name.upper()} is unknown; "
                    f"the nearest known option is {nearest[0]}."
                )


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Warn of a variable of a section of ours that names no option.

    It is not refused: some platforms set variables of such names by themselves.
    """
    known = [option.variable for option in OPTIONS]
    sections = tuple(f"SPARKIFY_{option.section}_" for option in OPTIONS)
    for name in environment:
        if name.startswith(sections) and name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
            yield f"{name} is no option and was not read; is {nearest[0]} meant?"


def _find(
    option: Option,
    parser: configparser.ConfigParser,
    path: Path,
    environment: Mapping[str, str],
) -> tuple[str, str]:
    """The text of an option and where it stands; empty when nowhere."""
    if environment.get(option.variable):
        return environment[option.variable].strip(), option.variable
    for section in parser.sections():
        if section.upper() == option.section and option.name in parser[section]:
            text = _unquoted(parser[section][option.name])
            if text or not option.usual:
                return text, str(path)
    for name in option.usual:
        if environment.get(name):
            return environment[name].strip(), name
    return "", ""


def _unquoted(text: str) -> str:
    """Files of old wrote values in quotes, as in Python."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].strip()
    return text


def _parse(option: Option, text: str, origin: str, base: Path) -> object:
    try:
        value = option.parse(text)
    except ValueError as error:
        shown = "its value" if option.setting in _SECRETS else f"'{text}'"
        raise ConfigError(
            f"{origin}: [{option.section}] {option.name}: {shown} {error}."
        ) from None
    if isinstance(value, Path):
        return base / value.expanduser()
    if option.setting in _FOLDERS and "://" not in text:
        return str(base / Path(text).expanduser())
    return value
