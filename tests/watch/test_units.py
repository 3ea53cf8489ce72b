"""What `sparkify schedule print` prints is right for whoever reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # no types of it are needed

from sparkify.cli import main
from sparkify.config import Settings, load_settings
from sparkify.errors import ConfigError
from sparkify.watch import clock
from sparkify.watch.units import KINDS, Place, units

ROOT = Path(__file__).parents[2]
EVERY = "*/5 * * * *"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation in a folder whose name needs care everywhere."""
    config = tmp_path / "50% o'clock" / "dwh.cfg"
    config.parent.mkdir()
    config.write_text("[WAREHOUSE]\nENGINE=duckdb\n")
    return load_settings(config, environment={})


def files_of(text: str) -> dict[str, str]:
    """The unit files that a text holds, by name."""
    parts = re.split(r"^# /etc/systemd/system/(\S+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def verify(folder: Path, text: str) -> str:
    """What systemd says of the units; nothing where they are right."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not on this machine")
    for name, unit in files_of(text).items():
        (folder / name).write_text(unit)
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, folder.glob("sparkify*"))],
        capture_output=True,
        text=True,
        check=False,
        env={
            "SYSTEMD_UNIT_PATH": f"{folder}:/lib/systemd/system",
            "PATH": "/usr/bin:/bin",
        },
    )
    # Units of the machine itself are not ours to judge.
    ours = [line for line in ended.stderr.splitlines() if "sparkify" in line]
    return "\n".join(ours)


def test_units_of_systemd_are_whole() -> None:
    """Service, timer and watcher, each with its sections; needs no systemd."""
    found = files_of(
        units(Settings(file=Path("/etc/dwh.cfg")), "systemd", EVERY, "UTC")
    )
    assert {
        name: re.findall(r"^\[(\w+)\]$", unit, re.MULTILINE)
        for name, unit in found.items()
    } == {
        "sparkify.service": ["Unit", "Service"],
        "sparkify.timer": ["Unit", "Timer", "Install"],
        "sparkify-watch.service": ["Unit", "Service", "Install"],
    }
    for unit in found.values():
        lines = [line for line in unit.splitlines() if line and line[0] not in "#["]
        assert all(re.match(r"[A-Z][A-Za-z]+=\S", line) for line in lines)


def test_systemd_takes_its_units(settings: Settings, tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say, and would have."""
    text = units(settings, "systemd", EVERY, "Europe/Berlin")
    assert verify(tmp_path, text) == ""
    assert "sparkify.timer" in verify(
        tmp_path, text.replace("OnCalendar=*", "OnCalendar=x")
    )


@pytest.mark.parametrize(
    ("cron", "calendar"),
    [
        (EVERY, ["*-*-* *:0/5:00"]),
        ("@daily", ["*-*-* 0:0:00"]),
        ("0 6,18 * * mon-fri", ["Mon,Tue,Wed,Thu,Fri *-*-* 6,18:0:00"]),
        ("30 2 1 */3 *", ["*-1/3-1 2:30:00"]),
        ("0 3 1 * 0", ["Sun *-*-* 3:0:00", "*-*-1 3:0:00"]),
        ("0 3 */10 * 7", ["Sun *-*-1/10 3:0:00"]),
        ("5-20/5 * * * *", ["*-*-* *:5,10,15,20:00"]),
    ],
)
def test_calendar_means_what_cron_means(cron: str, calendar: list[str]) -> None:
    """The same moments, by cron and by systemd's own reckoning."""
    text = units(Settings(file=Path("/etc/dwh.cfg")), "systemd", cron, "UTC")
    found = re.findall(r"^OnCalendar=(.*) UTC$", text, re.MULTILINE)
    assert found == calendar
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not on this machine")
    start = datetime(2026, 2, 27, 23, 30, tzinfo=UTC)
    moments: set[datetime] = set()
    for each in found:
        command = ["systemd-analyze", "calendar", "--iterations=20", f"{each} UTC"]
        command.append(f"--base-time={start:%Y-%m-%d %H:%M:%S} UTC")
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        moments |= {
            datetime.strptime(moment, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            for moment in re.findall(r": \w{3} (\d{4}-\S+ \S+) UTC", ended.stdout)
        }
    when = clock.cron(cron)
    moment = start
    for expected in sorted(moments)[:20]:
        moment = when(moment)
        assert moment == expected


def test_what_systemd_cannot_say_is_refused() -> None:
    """The last day of a month, the second Monday."""
    for cron in ("0 0 L * *", "0 0 * * 1#2"):
        with pytest.raises(ConfigError, match="systemd has no L and no #"):
            units(Settings(file=Path("/etc/dwh.cfg")), "systemd", cron, "UTC")


def test_line_of_cron_runs(settings: Settings, tmp_path: Path) -> None:
    """The line as cron gives it to a shell starts this installation's command."""
    text = units(settings, "cron", EVERY, "UTC")
    line = text.splitlines()[-1]
    assert line.startswith(EVERY + " ")
    assert not re.search(r"(?<!\\)%", line)
    command = line.removeprefix(EVERY).replace("\\%", "%")
    # With nothing but --help in place of what would load.
    ended = subprocess.run(
        ["/bin/sh", "-c", command.replace(" run --quiet ", " run --help ")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Load the files that are new" in ended.stdout


def test_job_of_kubernetes_is_well_formed(settings: Settings) -> None:
    """It parses; what makes it safe is there; every volume is mounted and defined."""
    text = units(settings, "k8s", "0 6 * * *", "Europe/Berlin")
    job: Any = yaml.safe_load(text)
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    spec = job["spec"]
    assert set(spec) <= {
        "schedule",
        "timeZone",
        "concurrencyPolicy",
        "startingDeadlineSeconds",
        "suspend",
        "successfulJobsHistoryLimit",
        "failedJobsHistoryLimit",
        "jobTemplate",
    }
    assert spec["schedule"] == "0 6 * * *"
    assert spec["timeZone"] == "Europe/Berlin"
    assert spec["concurrencyPolicy"] == "Forbid"
    run = spec["jobTemplate"]["spec"]
    assert set(run) <= {
        "activeDeadlineSeconds",
        "backoffLimit",
        "podFailurePolicy",
        "template",
        "ttlSecondsAfterFinished",
        "completions",
        "parallelism",
    }
    [rule] = run["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"]["values"] == [1, 2]
    pod = run["template"]["spec"]
    # A policy of failures needs this one.
    assert pod["restartPolicy"] == "Never"
    assert pod["securityContext"]["runAsNonRoot"] is True
    [container] = pod["containers"]
    assert rule["onExitCodes"]["containerName"] == container["name"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    mounts = {each["name"] for each in container["volumeMounts"]}
    assert (
        mounts == {each["name"] for each in pod["volumes"]} == {"config", "tmp", "data"}
    )
    assert container["args"][0] == "run"


def test_job_for_a_server_needs_no_volume() -> None:
    """Only the file of DuckDB has to be kept."""
    settings = Settings(engine="redshift", file=Path("/etc/dwh.cfg"))
    job: Any = yaml.safe_load(units(settings, "k8s", EVERY, "UTC"))
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert {each["name"] for each in pod["volumes"]} == {"config", "tmp"}
    assert "env" not in pod["containers"][0]


def test_dag_is_told_where_this_installation_is(settings: Settings) -> None:
    """The variables that the DAG reads, for a shell."""
    text = units(settings, "airflow", EVERY, "UTC")
    names = dict(re.findall(r"^export (\w+)=(.*)$", text, re.MULTILINE))
    assert set(names) == {"SPARKIFY_COMMAND", "SPARKIFY_CONFIG"}
    shell = f'export X={names["SPARKIFY_CONFIG"]}; printf %s "$X"'
    said = subprocess.run(
        ["sh", "-c", shell], capture_output=True, text=True, check=True
    )
    assert said.stdout == str(settings.file)


@pytest.mark.parametrize("kind", KINDS)
def test_docs_show_what_is_printed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`docs/scheduling.md` has it for an installation in /opt/sparkify."""
    monkeypatch.setattr(Place, "command", "/opt/sparkify/bin/sparkify")
    monkeypatch.setattr(Place, "user", "sparkify")
    settings = Settings(file=Path("/etc/sparkify/dwh.cfg"))
    page = (ROOT / "docs" / "scheduling.md").read_text("utf-8")
    text = units(settings, kind, EVERY, "UTC")
    if kind == "airflow":
        text = text[text.index("export ") :]
    assert text in page


def test_command_prints_units(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    """With the absolute path of the command that printed them."""
    with pytest.raises(SystemExit) as ended:
        main(["schedule", "print", "--for", "systemd", "--config", str(settings.file)])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert f"ExecStart={Path(sys.executable).parent}" in out


def test_wrong_expression_is_refused(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    """Before anything is printed."""
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "schedule",
                "print",
                "--for",
                "k8s",
                "--cron",
                "61 * * * *",
                "--config",
                str(settings.file),
            ]
        )
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "bad minute" in told.err
