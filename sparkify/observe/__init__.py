"""Those who listen to a run: logs, metrics, lineage, notifications, live state.

All but the live state are off unless `[OBSERVE]` of `dwh.cfg` turns them on. Each is
imported when it is on; its library is of the extra `[observe]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec

from sparkify.config import Settings
from sparkify.errors import ConfigError
from sparkify.events import Listener

# By setting, the library that it needs.
_LIBRARIES = {
    "log_format": "pythonjsonlogger",
    "metrics_file": "prometheus_client",
    "metrics_listen": "prometheus_client",
    "lineage_url": "openlineage",
    "lineage_file": "openlineage",
    "notify_url": "apprise",
}


@contextmanager
def listeners(settings: Settings, *, serve: bool = False) -> Iterator[list[Listener]]:
    """Those that the configuration turns on, for the block.

    `serve` also serves metrics over HTTP, for a process that stays. At the end what is
    under way has a few seconds to be sent. Raises ConfigError.
    """
    _require_libraries(settings)
    found: list[Listener] = []
    with ExitStack() as ending:
        if settings.engine == "duckdb":
            from sparkify.observe.live import Live

            found.append(Live(settings.path))
        if settings.log_format:
            from sparkify.observe.logs import log

            found.append(log)
        if settings.metrics_file or (serve and settings.metrics_listen):
            from sparkify.observe.prometheus import Metrics

            metrics = Metrics(settings.metrics_file)
            if serve and settings.metrics_listen:
                ending.callback(metrics.serve(settings.metrics_listen))
            found.append(metrics)
        if settings.lineage_url or settings.lineage_file:
            from sparkify.observe.lineage import Lineage

            found.append(ending.enter_context(Lineage(settings).sending()))
        if settings.notify_url:
            from sparkify.observe.notify import Notifier

            found.append(ending.enter_context(Notifier(settings).sending()))
        yield found


def start_log(settings: Settings) -> None:
    """Log to standard error from now on. Raises ConfigError."""
    _require_libraries(settings)
    from sparkify.observe.logs import start

    start(settings.log_format)


def _require_libraries(settings: Settings) -> None:
    for setting, library in _LIBRARIES.items():
        if getattr(settings, setting) and find_spec(library) is None:
            raise ConfigError(
                f"{settings.file}: [OBSERVE] {setting.upper()} needs more packages; "
                "install them with `pip install 'sparkify-elt[observe]'`."
            )
