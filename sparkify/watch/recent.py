"""Where new files are to be expected: what sorts after all but the newest names."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator

from sparkify.sources.files import SourceFile

_DATES = 3
_MOST_SERIES = 100
_YEAR = re.compile(r"(?<![0-9])20[0-9]{2}")
# 2018-11-21, 20181121, 2018/11/21, year=2018/month=11/day=21
_DAY = re.compile(
    r"(?<![0-9])20[0-9]{2}([-_/.]?)(?:[a-z]+=)?[01][0-9]\1"
    r"(?:[a-z]+=)?[0-3][0-9](?![0-9])"
)


class Recent:
    """From where on to list one dataset, found out from a listing of it all.

    Names that begin alike up to a date are a series; of each, the three newest dates
    are recent. Names without a date are one series: what sorts after the last of them
    is recent. A listing starts at one place, so it starts where the first of these
    series does; where there are too many of them it holds everything.
    """

    def __init__(self, location: str) -> None:
        self._start = len(location.rstrip("/")) + 1
        self._series: dict[str, deque[str]] = {}
        self._undated = ""

    def note(self, uri: str) -> None:
        """Look at a name; they come in order."""
        # Most names have no date, and most of these are told without the pattern.
        day = _DAY.search(uri, self._start) if "20" in uri else None
        if day is None:
            self._undated = uri
            return
        year = _YEAR.search(uri, self._start)
        assert year, "a day has a year"
        name = uri[self._start : year.start()]
        dates = self._series.get(name)
        if dates is None:
            if len(self._series) > _MOST_SERIES:
                return
            dates = self._series[name] = deque(maxlen=_DATES)
        until = uri[: day.end()]
        if not dates or dates[-1] != until:
            dates.append(until)

    @property
    def after(self) -> str:
        """The URI after which to list; empty for all."""
        starts = [dates[0] for dates in self._series.values()]
        if self._undated:
            starts.append(self._undated)
        if not starts or len(self._series) > _MOST_SERIES:
            return ""
        return min(starts)


def noting(
    files: Iterable[SourceFile], recent: dict[str, Recent]
) -> Iterator[SourceFile]:
    """The files, each noted with its dataset."""
    note = {dataset: each.note for dataset, each in recent.items()}
    for file in files:
        note[file.dataset](file.uri)
        yield file
