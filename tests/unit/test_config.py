"""dwh.cfg < environment < flags, and each mistake is one clear sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sparkify import engines
from sparkify.config import OPTIONS, Settings, load_settings, require
from sparkify.engines import make_engine
from sparkify.errors import ConfigError

CLASSIC = """\
[CLUSTER]
HOST=redshift-cluster-1.abc.us-west-2.redshift.amazonaws.com
DB_NAME=dev
DB_USER=awsuser
DB_PASSWORD=Pass%word$1
DB_PORT=5439

[IAM_ROLE]
ARN='arn:aws:iam::123456789012:role/dwhRole'

[S3]
LOG_DATA='s3://udacity-dend/log_data'
LOG_JSONPATH='s3://udacity-dend/log_json_path.json'
SONG_DATA='s3://udacity-dend/song_data'
"""


def load(
    folder: Path, text: str, environment: dict[str, str] | None = None, **flags: object
) -> Settings:
    """The settings of a file with this text."""
    path = folder / "dwh.cfg"
    path.write_text(text, "utf-8")
    return load_settings(path, environment=environment or {}, flags=flags)


def refusal(folder: Path, text: str, environment: dict[str, str] | None = None) -> str:
    """What is said of a file with this text; it is one line."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, environment)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in message
    return message.replace(f"{folder}/", "")


def test_classic_file_is_accepted_unchanged(tmp_path: Path) -> None:
    """A file of three sections with quoted values means Redshift."""
    settings = load(tmp_path, CLASSIC)
    assert settings.engine == "redshift"
    assert settings.host == "redshift-cluster-1.abc.us-west-2.redshift.amazonaws.com"
    assert (settings.db_name, settings.db_user) == ("dev", "awsuser")
    assert (settings.db_password, settings.db_port) == ("Pass%word$1", 5439)
    assert settings.role_arn == "arn:aws:iam::123456789012:role/dwhRole"
    assert settings.log_data == "s3://udacity-dend/log_data"
    assert settings.log_jsonpath == "s3://udacity-dend/log_json_path.json"
    assert settings.song_data == "s3://udacity-dend/song_data"
    assert not settings.warnings


def test_engine_beats_the_host(tmp_path: Path) -> None:
    """A classic file with [WAREHOUSE] ENGINE=duckdb loads into DuckDB."""
    assert load(tmp_path, CLASSIC + "[WAREHOUSE]\nENGINE=DuckDB\n").engine == "duckdb"


def test_empty_file_means_duckdb_beside_it(tmp_path: Path) -> None:
    """Without a host the engine is DuckDB, its file beside the configuration."""
    settings = load(tmp_path, "")
    assert (settings.engine, settings.path) == ("duckdb", tmp_path / "sparkify.duckdb")
    assert settings.warehouse == str(tmp_path / "sparkify.duckdb")


def test_relative_paths_start_at_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths in the file are taken from its folder, wherever the command is run."""
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    text = "[WAREHOUSE]\nPATH=a.duckdb\n[S3]\nLOG_DATA=logs\nSONG_DATA=/abs/songs\n"
    settings = load(tmp_path, text)
    assert settings.path == tmp_path / "a.duckdb"
    assert settings.log_data == str(tmp_path / "logs")
    assert settings.song_data == "/abs/songs"


def test_paths_of_the_environment_start_where_the_command_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path in a variable is taken from the current folder."""
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    settings = load(tmp_path, "", {"SPARKIFY_S3_LOG_DATA": "logs"})
    assert settings.log_data == str(tmp_path / "else" / "logs")


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the home of the user."""
    monkeypatch.setenv("HOME", "/home/someone")
    settings = load(tmp_path, "[WAREHOUSE]\nPATH=~/a.duckdb\n[S3]\nLOG_DATA=~/logs\n")
    assert settings.path == Path("/home/someone/a.duckdb")
    assert settings.log_data == "/home/someone/logs"


PATHS = {
    "path",
    "sslrootcert",
    "log_data",
    "song_data",
    "log_jsonpath",
    "spool_folder",
    "metrics_file",
    "lineage_file",
    "checks_folder",
}
VALUES = {
    "ENGINE": "duckdb",
    "DB_PORT": "7",
    "SSLMODE": "require",
    "READERS": "role analysts",
    "SCHEMA_PREFIX": "dev_",
    "SPOOL": "s3://bucket/spool",
    "ENDPOINT_URL": "http://localhost:1",
    "EVENTS_QUEUE": "https://sqs.eu-west-1.amazonaws.com/1/new",
    "ANONYMOUS": "yes",
    "REQUESTER_PAYS": "on",
    "LOG_FORMAT": "json",
    "METRICS_LISTEN": "127.0.0.1:9187",
    "LINEAGE_URL": "http://localhost:1",
    "MATCH_RATE_DROP": "9%",
    "LEAST_WEEKS": "8",
}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.variable)
def test_every_option_is_read_from_file_and_environment(
    tmp_path: Path, option: object
) -> None:
    """Each row of the table is an option of the file, and a variable overrides it."""
    [row] = [each for each in OPTIONS if each is option]
    text = VALUES.get(row.name, "9")
    of_file = load(tmp_path, f"[{row.section}]\n{row.name}={text}\n")
    of_environment = load(tmp_path, "", {row.variable: text})
    assert row.variable == f"SPARKIFY_{row.section}_{row.name}"
    assert getattr(of_file, row.setting) != getattr(Settings(), row.setting) or (
        row.name == "ENGINE"
    )
    if row.setting not in PATHS:
        expected = getattr(of_file, row.setting)
        assert getattr(of_environment, row.setting) == expected


def test_environment_beats_the_file_and_flags_beat_both(tmp_path: Path) -> None:
    """The nearest to the command wins."""
    text = "[LOAD]\nLOCK_WAIT=1\n"
    variables = {"SPARKIFY_LOAD_LOCK_WAIT": "2"}
    assert load(tmp_path, text).lock_wait == 1
    assert load(tmp_path, text, variables).lock_wait == 2
    assert load(tmp_path, text, variables, lock_wait=3.0).lock_wait == 3


def test_empty_value_is_as_absent(tmp_path: Path) -> None:
    """An option or a variable without a value leaves the default."""
    text = "[CLUSTER]\nHOST=\nDB_PORT=\n[LOAD]\nLOCK_WAIT=''\n"
    settings = load(tmp_path, text, {"SPARKIFY_LOAD_BATCH_BYTES": ""})
    assert settings == Settings(file=settings.file, path=settings.path)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("512MB", 512 << 20), ("2 GB", 2 << 30), ("3kib", 3 << 10), ("7B", 7)],
)
def test_sizes(tmp_path: Path, text: str, value: int) -> None:
    """Sizes may have a unit, a power of 1024."""
    assert load(tmp_path, f"[LOAD]\nBATCH_BYTES={text}\n").batch_bytes == value


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("1.5", 1.5), ("90s", 90), ("5m", 300), ("1h", 3600)]
)
def test_times(tmp_path: Path, text: str, value: float) -> None:
    """Times may have a unit."""
    assert load(tmp_path, f"[LOAD]\nLOCK_WAIT={text}\n").lock_wait == value


MISTAKES = {
    "[S3]\nLOG_DATE=x\n": r"dwh.cfg: \[S3\] LOG_DATE is unknown; .* is LOG_DATA\.",
    "[CLUSTER]\nDB_PORT=x\n": r"\[CLUSTER\] DB_PORT: 'x' is not a whole number\.",
    "[LOAD]\nBATCH_BYTES=0\n": r"BATCH_BYTES: '0' is not a size such as 512MB\.",
    "[LOAD]\nBATCH_BYTES=-1\n": r"BATCH_BYTES: '-1' is not a size",
    "[LOAD]\nLOCK_WAIT=soon\n": r"LOCK_WAIT: 'soon' is not a time such as 90s",
    "[WAREHOUSE]\nENGINE=mysql\n": r"ENGINE: 'mysql' is not one of duckdb, postgres",
    "[WAREHOUSE]\nSCHEMA_PREFIX=a-b\n": r"SCHEMA_PREFIX: 'a-b' may have small",
    "[WAREHOUSE]\nSCHEMA_PREFIX=a;drop\n": r"SCHEMA_PREFIX: 'a;drop' may have small",
    "LOG_DATA=x\n": r"dwh.cfg: line 1 stands before the first section",
    "[S3]\nLOG_DATA=x\nLOG_DATA=y\n": r"dwh.cfg: \[S3\] LOG_DATA is set twice\.",
    "[CLUSTER]\nDB_PASSWORD hunter2\n": r"dwh.cfg: line 2 is no `OPTION = value`\.$",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistake_is_one_sentence(tmp_path: Path, text: str) -> None:
    """A mistake is told with file, section, option and value, and exits 2."""
    assert re.search(MISTAKES[text], refusal(tmp_path, text))


def test_mistake_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    """What a variable says wrong is told of the variable, not of the file."""
    message = refusal(tmp_path, "", {"SPARKIFY_LOAD_LOCK_WAIT": "soon"})
    assert message.startswith("SPARKIFY_LOAD_LOCK_WAIT: ")


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A missing file is named, with the remedy."""
    with pytest.raises(ConfigError, match=r"none\.cfg: no such file; .*--config"):
        load_settings(tmp_path / "none.cfg", environment={})


def test_folder_as_file_is_told(tmp_path: Path) -> None:
    """A folder is no configuration."""
    with pytest.raises(ConfigError, match=r"cannot be read"):
        load_settings(tmp_path, environment={})


def test_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are told."""
    (tmp_path / "dwh.cfg").write_bytes(b"[S3]\nLOG_DATA=\xff\n")
    with pytest.raises(ConfigError, match=r"dwh\.cfg: cannot be read"):
        load_settings(tmp_path / "dwh.cfg", environment={})


def test_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    """Editors of Windows begin a file with one."""
    assert load(tmp_path, "\ufeff[LOAD]\r\nLOCK_WAIT=3\r\n").lock_wait == 3


def test_unknown_section_is_a_warning(tmp_path: Path) -> None:
    """Sections of other programs are not read, and that is told."""
    settings = load(tmp_path, "[GEO]\nKEY=1\n[load]\nlock_wait=3\n")
    [warning] = settings.warnings
    assert "[GEO] is unknown" in warning
    assert settings.lock_wait == 3


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """Neither the settings' text nor an error has a secret."""
    text = CLASSIC + "[AWS]\nKEY=AKIASECRET\nSECRET=hush-hush\nTOKEN=quiet\n"
    shown = repr(load(tmp_path, text))
    for secret in ("Pass%word$1", "AKIASECRET", "hush-hush", "quiet"):
        assert secret not in shown


def test_required_setting_is_named(tmp_path: Path) -> None:
    """What a command needs and the file lacks is told, with the variable."""
    settings = load(tmp_path, "[S3]\nLOG_DATA=x\n")
    require(settings, "log_data")
    with pytest.raises(ConfigError, match=r"\[S3\] SONG_DATA is not set.*SPARKIFY_S3_"):
        require(settings, "log_data", "song_data")


@pytest.mark.parametrize("engine", ["postgres", "redshift"])
def test_engine_without_its_driver_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """The sentence says what to install."""
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    settings = load(tmp_path, f"[WAREHOUSE]\nENGINE={engine}\n")
    with pytest.raises(ConfigError, match=rf"sparkify-elt\[{engine}\]"):
        make_engine(settings)
