"""The files of the source: logs by day, song metadata by track id."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from operator import itemgetter
from pathlib import Path

from sparkify.simulate.catalogue import Song, invent_id
from sparkify.simulate.chance import Chance
from sparkify.simulate.rhythm import HOUR
from sparkify.simulate.sessions import Event
from sparkify.simulate.words import LETTERS

EPOCH = date(1970, 1, 1)

_FILES_PER_FOLDER = 60  # the Million Song Dataset has 57 on average


class LogFiles:
    """Log files, one a UTC day; an event waits here until its hour is over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: defaultdict[int, list[Event]] = defaultdict(list)
        self.files = 0
        self.bytes = 0

    def add(self, events: Iterable[Event]) -> None:
        """Take the events of a session."""
        for event in events:
            self._waiting[event[0] // HOUR].append(event)

    def write_until(self, ts: int) -> None:
        """Write the hours that are over at ts; no earlier event may follow."""
        for hour in sorted(hour for hour in self._waiting if hour < ts // HOUR):
            events = self._waiting.pop(hour)
            # A stable sort: in a session, events of one ts keep their order.
            events.sort(key=itemgetter(0))
            self._append(hour // 24, "\n".join(line for _, line in events))

    def _append(self, day: int, lines: str) -> None:
        name = date.fromordinal(EPOCH.toordinal() + day).isoformat()
        path = self._folder / name[:4] / name[5:7] / f"{name}-events.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            if file.tell():
                lines = "\n" + lines
            else:
                self.files += 1
            self.bytes += file.write(lines.encode("ascii"))


def write_songs(
    folder: Path, songs: list[Song], songs_per_file: int, chance: Chance
) -> tuple[int, int]:
    """Write the metadata of the songs; return the number of files and of bytes."""
    size = 0
    starts = range(0, len(songs), songs_per_file)
    for number, start in enumerate(starts):
        lines = map(_song_json, songs[start : start + songs_per_file])
        path = folder / _song_path(number, chance)
        path.parent.mkdir(parents=True, exist_ok=True)
        size += path.write_bytes("\n".join(lines).encode("ascii"))
    return len(starts), size


def _song_path(number: int, chance: Chance) -> Path:
    folder = number // _FILES_PER_FOLDER
    letters = "".join(LETTERS[folder // step % 26] for step in (676, 26, 1))
    return Path(*letters, f"{invent_id('TR', letters, number, chance)}.json")


def _song_json(song: Song) -> str:
    return json.dumps(
        {
            "num_songs": 1,
            "artist_id": song.artist.artist_id,
            "artist_latitude": song.artist.latitude,
            "artist_longitude": song.artist.longitude,
            "artist_location": song.artist.location,
            "artist_name": song.artist.name,
            "song_id": song.song_id,
            "title": song.title,
            "duration": song.duration,
            "year": song.year,
        }
    )
