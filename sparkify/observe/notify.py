"""Tells people when something needs them: through apprise, to where they are."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

from apprise import Apprise

from sparkify import runbook
from sparkify.config import Settings, allowed
from sparkify.errors import ConfigError, DataStale
from sparkify.events import Event, Listener, LoadCommitted, RunFinished
from sparkify.observe.background import in_background


class Notifier:
    """A listener that notifies: of a failed run, refused data, warnings, stale data.

    What it has told it tells again only after a run without it. The addresses hold
    tokens, so neither they nor what apprise says of them is ever shown.
    """

    def __init__(self, settings: Settings) -> None:
        _silence()
        self._settings = settings
        self._apprise = Apprise()
        self._told: set[str] = set()
        self._found: dict[str, str] = {}
        for address in settings.notify_url:
            if not self._apprise.add(address):
                raise ConfigError(
                    f"{settings.file}: [OBSERVE] NOTIFY_URL holds an address that is "
                    "none; see https://github.com/caronc/apprise for how they are "
                    "written. It is not shown, since it may hold a token."
                )

    def sending(self) -> AbstractContextManager[Listener]:
        """The listener, off the path of the load, for a block."""
        return in_background(self)

    def __call__(self, event: Event) -> None:
        """Collect what there is to tell of a run, and tell it at its end."""
        if isinstance(event, LoadCommitted):
            self._found |= dict(self._of_load(event))
        if isinstance(event, RunFinished):
            found = self._found | dict(self._of_run(event))
            self._found = {}
            new = [text for key, text in found.items() if key not in self._told]
            self._told = set(found)
            if new:
                self._send(new)

    def _of_load(self, load: LoadCommitted) -> Iterator[tuple[str, str]]:
        if load.rejected > allowed(self._settings.notify_rejects, load.records):
            yield (
                "rejects",
                f"{load.rejected:,} of {load.records:,} records were rejected, more "
                "than NOTIFY_REJECTS; see `sparkify rejects`. "
                + runbook.see(runbook.SURGE_OF_REJECTS),
            )
        yield from load.warnings.items()

    def _of_run(self, run: RunFinished) -> Iterator[tuple[str, str]]:
        if run.outcome in ("failed", "refused"):
            see = runbook.see(runbook.FAILED_RUN)
            yield run.error, f"The run {run.outcome}: {run.message} {see}"
        age = time.time() - run.head / 1e6
        if run.head and 0 < self._settings.notify_stale < age and not run.loads:
            yield (
                "stale",
                f"Nothing was loaded for {age / 3600:,.1f} hours, more than "
                "NOTIFY_STALE; see that files are delivered. "
                + runbook.see(runbook.section_of(DataStale)),
            )

    def _send(self, texts: list[str]) -> None:
        title = f"Sparkify: {self._settings.warehouse}"
        if not self._apprise.notify(body="\n\n".join(texts), title=title):
            raise ConnectionError


def _silence() -> None:
    """Apprise logs addresses."""
    theirs = logging.getLogger("apprise")
    theirs.handlers = [logging.NullHandler()]
    theirs.propagate = False
