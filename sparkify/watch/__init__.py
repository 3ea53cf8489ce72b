"""Runs the pipeline again and again: by the clock, and when new files are told of."""

from __future__ import annotations

from datetime import timedelta

from sparkify.config import Settings, seconds
from sparkify.errors import ConfigError
from sparkify.events import Listener
from sparkify.pipeline import Pipeline
from sparkify.watch import clock
from sparkify.watch.queue import Queue
from sparkify.watch.watcher import Tell, Watcher


def make_watcher(
    settings: Settings,
    *listeners: Listener,
    tell: Tell,
    every: str | None = None,
    cron: str | None = None,
    time_zone: str = "UTC",
    jitter: str = "0s",
    full_every: str = "1h",
    queue: str | None = None,
) -> Watcher:
    """A watcher as the options of `sparkify watch` say. Raises ConfigError.

    `listeners` hear what each run does, `tell` hears of every look.
    """
    if every and cron:
        raise ConfigError("Give one of --every and --cron.")
    if cron:
        when = clock.cron(cron, time_zone)
    else:
        when = clock.every(_seconds("--every", every or "5m", least=1))
    if late := _seconds("--jitter", jitter):
        when = clock.jittered(when, late)
    url = queue or settings.events_queue
    return Watcher(
        Pipeline(settings, *listeners),
        when,
        timedelta(seconds=_seconds("--full-every", full_every)),
        tell,
        Queue(settings, url) if url else None,
    )


def _seconds(option: str, text: str, least: float = 0) -> float:
    try:
        found = seconds(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text!r} {error}.") from None
    if found < least:
        raise ConfigError(f"{option} {text!r} is too short; give {least:g}s or more.")
    return found
