"""Structured logs on standard error: a line an event, as text or as JSON."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import asdict

from sparkify.events import (
    Event,
    LoadCommitted,
    LoadFailed,
    RunFinished,
    StepStarted,
)

_LOG = logging.getLogger("sparkify")
_TEXT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"


def start(format_: str) -> None:
    """Log what concerns us to standard error from now on, as `text` or as `json`."""
    handler = logging.StreamHandler()
    handler.setFormatter(_json() if format_ == "json" else _text())
    _LOG.handlers = [handler]
    _LOG.propagate = False
    _LOG.setLevel(logging.INFO)


def say(message: str) -> bool:
    """Log a message for people; whether there is a log."""
    if _LOG.handlers:
        _LOG.error(message, extra={"event": "message"})
    return bool(_LOG.handlers)


def log(event: Event) -> None:
    """A listener that logs. Beginnings of steps are left out: their ends tell more."""
    if isinstance(event, StepStarted):
        return
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    fields = {name: value for name, value in asdict(event).items() if name != "message"}
    _LOG.log(_level(event), str(event), extra={"event": kind} | fields)


def _level(event: Event) -> int:
    if isinstance(event, LoadFailed) or (
        isinstance(event, RunFinished) and event.error
    ):
        return logging.ERROR
    if isinstance(event, LoadCommitted) and (event.refused or event.warnings):
        return logging.WARNING
    return logging.INFO


def _text() -> logging.Formatter:
    formatter = logging.Formatter(_TEXT, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    return formatter


def _json() -> logging.Formatter:
    from pythonjsonlogger.json import JsonFormatter

    return JsonFormatter(
        "{levelname}{message}",
        style="{",
        rename_fields={"levelname": "level"},
        timestamp=True,
    )
