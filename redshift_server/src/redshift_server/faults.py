"""Faults that a test asks for: what goes wrong, and at which statement."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Literal

When = Literal["before", "after"]


@dataclass
class Fault:
    """One fault, armed until it has struck `times` times."""

    kind: Literal["drop", "fail", "delay", "expire"]
    when: When
    pattern: re.Pattern[str] | None
    nth: int
    times: int
    seconds: float = 0.0
    sqlstate: str = ""
    message: str = ""
    detail: str = ""
    seen: int = 0
    struck: int = 0

    def strikes(self, sql: str) -> bool:
        """Count a statement that matches; say whether this one is hit."""
        if self.pattern is not None and not self.pattern.search(sql):
            return False
        self.seen += 1
        if self.seen < self.nth or self.struck >= self.times:
            return False
        self.struck += 1
        return True


class Faults:
    """The faults of one server. A fault names its statement by text and by number.

    `matching` is a regular expression, searched without regard to case in the text
    as received; `nth` counts the statements that match, from the arming on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []

    def drop_connection(
        self,
        when: When = "before",
        matching: str | None = None,
        *,
        nth: int = 1,
        times: int = 1,
    ) -> Fault:
        """Cut the client's socket before a statement runs, or after it has run.

        After COMMIT means: PostgreSQL has committed, the client never hears of it.
        """
        return self._arm(Fault("drop", when, _compile(matching), nth, times))

    def fail(
        self,
        sqlstate: str,
        message: str,
        matching: str | None = None,
        *,
        detail: str = "",
        nth: int = 1,
        times: int = 1,
    ) -> Fault:
        """Answer a statement with an error instead of running it."""
        return self._arm(
            Fault(
                "fail",
                "before",
                _compile(matching),
                nth,
                times,
                sqlstate=sqlstate,
                message=message,
                detail=detail,
            )
        )

    def serialization_failure(
        self, matching: str | None = None, *, nth: int = 1, times: int = 1
    ) -> Fault:
        """Answer a statement with error 1023."""
        detail = (
            "Serializable isolation violation on table - 100001, transactions "
            "forming the cycle are: 2001, 2002 (pid:4001)"
        )
        return self.fail("XX000", "1023", matching, detail=detail, nth=nth, times=times)

    def delay(
        self,
        seconds: float,
        matching: str | None = None,
        *,
        when: When = "before",
        nth: int = 1,
        times: int = 1,
    ) -> Fault:
        """Make a statement wait."""
        return self._arm(
            Fault("delay", when, _compile(matching), nth, times, seconds=seconds)
        )

    def expire_session(
        self, matching: str | None = None, *, nth: int = 1, times: int = 1
    ) -> Fault:
        """End the session as an administrator or an idle timeout does (57P01)."""
        return self._arm(Fault("expire", "before", _compile(matching), nth, times))

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._armed.clear()

    def striking(self, when: When, sql: str) -> list[Fault]:
        """Return the faults that hit this statement now."""
        with self._lock:
            return [
                fault
                for fault in self._armed
                if fault.when == when and fault.strikes(sql)
            ]

    def _arm(self, fault: Fault) -> Fault:
        with self._lock:
            self._armed.append(fault)
        return fault


def _compile(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL) if pattern else None
