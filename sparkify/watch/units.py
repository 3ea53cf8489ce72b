"""What runs Sparkify by the clock of others: systemd, cron, Kubernetes, Airflow."""

from __future__ import annotations

import os
import pwd
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sparkify import __version__
from sparkify.config import Settings
from sparkify.errors import ConfigError
from sparkify.watch import clock

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")

_SYSTEMD = """\
# /etc/systemd/system/sparkify.service
[Unit]
Description=Sparkify ELT: load what is new
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user}
WorkingDirectory={folder}
ExecStart={command} run --quiet --config {config}
# Ctrl-C: what is committed stays, the load at hand is undone.
KillSignal=SIGINT
TimeoutStartSec=6h
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=full

# /etc/systemd/system/sparkify.timer
[Unit]
Description=Sparkify ELT: when to load what is new

[Timer]
{calendar}
# One run makes up for all that were missed.
Persistent=true
RandomizedDelaySec=10s
AccuracySec=1s

[Install]
WantedBy=timers.target

# /etc/systemd/system/sparkify-watch.service
# Instead of the two above: looks more often at less cost, and hears of messages.
[Unit]
Description=Sparkify ELT: watch for what is new
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User={user}
WorkingDirectory={folder}
ExecStart={command} watch {when} --config {config}
# 2 is a fault of configuration or rights: a restart does not help.
Restart=on-failure
RestartSec=30s
RestartPreventExitStatus=2
# The load at hand is ended first.
TimeoutStopSec=1h
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=full

[Install]
WantedBy=multi-user.target
"""

_CRON = """\
# crontab -e, as {user}. flock leaves a run out while the one before is at work.
# Exit 0: done. 1: data was refused. 2: configuration or rights. 3: try again, as the
# next run does. cron mails what is printed: errors and warnings.
{zone}{cron} flock -n {config} {command} run --quiet --config {config}
"""

_K8S = """\
# kubectl apply -f -
# Needs the image of infra/Dockerfile and a secret with the configuration:
#   kubectl create secret generic sparkify --from-file=dwh.cfg={config}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: sparkify
  labels:
    app.kubernetes.io/name: sparkify
spec:
  schedule: "{cron}"
  timeZone: "{zone}"
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 10
  jobTemplate:
    spec:
      activeDeadlineSeconds: 21600
      backoffLimit: 2
      # 1 is data refused, 2 configuration or rights: trying again does not help.
      podFailurePolicy:
        rules:
          - action: FailJob
            onExitCodes:
              containerName: sparkify
              operator: In
              values: [1, 2]
      template:
        metadata:
          labels:
            app.kubernetes.io/name: sparkify
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 10001
            fsGroup: 10001
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: sparkify
              image: sparkify:{version}
              args: [run, --quiet, --config, /etc/sparkify/dwh.cfg]
{environment}              resources:
                requests:
                  cpu: 500m
                  memory: 1Gi
                limits:
                  memory: 2Gi
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities:
                  drop: [ALL]
              volumeMounts:
                - name: config
                  mountPath: /etc/sparkify
                  readOnly: true
                - name: tmp
                  mountPath: /tmp
{mount}          volumes:
            - name: config
              secret:
                secretName: sparkify
            - name: tmp
              emptyDir: {{}}
{volume}"""
_K8S_ENVIRONMENT = """\
              env:
                - name: SPARKIFY_WAREHOUSE_PATH
                  value: /data/{file}
"""
_K8S_MOUNT = """\
                - name: data
                  mountPath: /data
"""
# One pod at a time opens the file, so a volume of one node will do.
_K8S_VOLUME = """\
            - name: data
              persistentVolumeClaim:
                claimName: sparkify
"""

_AIRFLOW = """\
# The DAG calls this installation's command; Airflow has an environment of its own.
{link}
export SPARKIFY_COMMAND={command}
export SPARKIFY_CONFIG={config}
airflow dags reserialize
airflow dags unpause sparkify
"""


@dataclass(frozen=True)
class Place:
    """This installation, and when it is to run: `cron` in the zone `zone`."""

    settings: Settings
    cron: str
    zone: str

    @property
    def config(self) -> Path:
        """The configuration file."""
        assert self.settings.file
        return self.settings.file

    @property
    def command(self) -> str:
        """How this installation is called, for a shell."""
        script = Path(sys.executable).with_name("sparkify")
        if script.exists():
            return shlex.quote(str(script))
        return f"{shlex.quote(sys.executable)} -m sparkify"

    @property
    def user(self) -> str:
        """Who runs it."""
        return pwd.getpwuid(os.getuid()).pw_name


def units(settings: Settings, kind: str, cron: str, zone: str) -> str:
    """What `kind` needs to run this installation. Raises ConfigError."""
    clock.cron(cron, zone)
    known = clock.fields(cron)
    place = Place(settings, " ".join(known), zone)
    return _KINDS[kind](place)


def _systemd(place: Place) -> str:
    calendar = "\n".join(f"OnCalendar={each}" for each in _calendar(place))
    return _SYSTEMD.format(
        user=place.user,
        folder=_for_systemd(str(place.config.parent)),
        command=_for_systemd(place.command),
        config=_for_systemd(shlex.quote(str(place.config))),
        calendar=calendar,
        when=f"--cron '{place.cron}' --tz {place.zone}",
    )


def _cron(place: Place) -> str:
    # cron of Debian knows no zone but the machine's, cronie does.
    zone = f"CRON_TZ={place.zone}\n"
    return _CRON.format(
        user=place.user,
        zone=zone,
        cron=place.cron,
        command=_for_cron(place.command),
        config=_for_cron(shlex.quote(str(place.config))),
    )


def _k8s(place: Place) -> str:
    is_file = place.settings.engine == "duckdb"
    return _K8S.format(
        cron=place.cron,
        zone=place.zone,
        config=shlex.quote(str(place.config)),
        version=__version__,
        environment=_K8S_ENVIRONMENT.format(file=place.settings.path.name)
        if is_file
        else "",
        mount=_K8S_MOUNT if is_file else "",
        volume=_K8S_VOLUME if is_file else "",
    )


def _airflow(place: Place) -> str:
    dags = Path(__file__).parents[2] / "orchestration" / "airflow" / "dags"
    dag = shlex.quote(str(dags / "sparkify.py"))
    if dags.is_dir():
        link = f'ln -s {dag} "$AIRFLOW_HOME/dags/"'
    else:
        link = (
            'cp orchestration/airflow/dags/sparkify.py "$AIRFLOW_HOME/dags/"'
            "  # from a clone"
        )
    return _AIRFLOW.format(
        link=link, command=place.command, config=shlex.quote(str(place.config))
    )


_KINDS: dict[str, Callable[[Place], str]] = {
    "systemd": _systemd,
    "cron": _cron,
    "k8s": _k8s,
    "airflow": _airflow,
}
KINDS = tuple(_KINDS)


def _for_systemd(text: str) -> str:
    """`%` begins a specifier there, and `$` a variable."""
    return text.replace("%", "%%").replace("$", "$$")


def _for_cron(text: str) -> str:
    """`%` ends the line there."""
    return text.replace("%", r"\%")


def _calendar(place: Place) -> list[str]:
    """The expression as systemd writes it; two where cron means one or the other."""
    found = clock.parsed(place.cron)
    weekdays = [each for each in found.weekdays if isinstance(each, int)]
    if min(found.days) < 1 or len(weekdays) < len(found.weekdays):
        raise ConfigError(
            f"--cron {place.cron!r}: systemd has no L and no #; give days by number."
        )
    named = sorted({each % 7 for each in weekdays})
    on = "" if len(named) == 7 else ",".join(_DAYS[each] for each in named) + " "
    month = _listed(found.months, 1, 12)
    days = _listed(found.days, 1, 31)
    at = f"{_listed(found.hours, 0, 23)}:{_listed(found.minutes, 0, 59)}:00"
    at += f" {place.zone}"
    if found.day_and or not on or days == "*":
        return [f"{on}*-{month}-{days} {at}"]
    return [f"{on}*-{month}-* {at}", f"*-{month}-{days} {at}"]


def _listed(values: set[int], first: int, last: int) -> str:
    """A field: `*`, `0/5`, or the values."""
    found = sorted(values)
    if len(found) == last - first + 1:
        return "*"
    if len(found) > 2:
        step = found[1] - found[0]
        if found == list(range(found[0], last + 1, step)):
            return f"{found[0]}/{step}"
    return ",".join(map(str, found))
