"""A simulated source: activity logs and song metadata, invented from a seed.

The files have the form of the real ones; the same arguments give the same bytes.
"""

from dataclasses import dataclass
from datetime import date
from heapq import heapify, heapreplace
from itertools import count
from pathlib import Path

from sparkify.simulate.catalogue import (
    Catalogue,
    PlayedSong,
    invent_catalogue,
    played,
)
from sparkify.simulate.chance import Chance, Weighted, spread
from sparkify.simulate.disturb import play_under_other_names, write_truth
from sparkify.simulate.files import EPOCH, LogFiles, write_songs
from sparkify.simulate.rhythm import DAY, later
from sparkify.simulate.sessions import Session
from sparkify.simulate.users import User, invent_users


@dataclass(frozen=True)
class Simulation:
    """What a simulation wrote, and where."""

    log_data: Path
    song_data: Path
    log_files: int
    song_files: int
    events: int
    plays: int
    songs: int
    bytes: int


def simulate(
    out: Path,
    *,
    users: int,
    days: int,
    songs: int,
    seed: int,
    start: date = date(2018, 11, 1),
    songs_per_file: int = 1,
    disturbed: float = 0.0,
) -> Simulation:
    """Write log_data and song_data of so many users, days and songs into a folder.

    `disturbed` is the share of the library's songs that are played under another name;
    truth.jsonl then tells which song each is.

    A day without events has no file. Raises ValueError when an argument is impossible
    and FileExistsError when one of the two folders already has something in it.
    """
    _check(users, days, songs, seed, start, songs_per_file, disturbed)
    log_data, song_data = out / "log_data", out / "song_data"
    _claim(log_data, song_data)
    begin = (start - EPOCH).days * DAY
    # A stream for each part: the songs do not depend on the number of users.
    for_songs, for_files, for_users, for_sessions = (
        Chance(4 * seed + part) for part in range(4)
    )
    catalogue = invent_catalogue(songs, for_songs)
    song_files, song_bytes = write_songs(
        song_data, catalogue.library, songs_per_file, for_files
    )
    logs = LogFiles(log_data)
    events, plays = _listen(
        logs,
        invent_users(users, begin, for_users),
        catalogue.plays(_played(out, catalogue, disturbed, seed)),
        for_sessions,
        begin,
        begin + days * DAY,
    )
    return Simulation(
        log_data=log_data,
        song_data=song_data,
        log_files=logs.files,
        song_files=song_files,
        events=events,
        plays=plays,
        songs=songs,
        bytes=logs.bytes + song_bytes,
    )


def _played(
    out: Path, catalogue: Catalogue, disturbed: float, seed: int
) -> list[PlayedSong]:
    """The songs as they are played; writes the truth where some are disturbed."""
    if not disturbed:
        songs = catalogue.library + catalogue.outside
        return [played(s.title, s.artist.name, s.duration) for s in songs]
    truths = play_under_other_names(
        catalogue.library, catalogue.outside, disturbed, Chance(seed + (1 << 40))
    )
    write_truth(out / "truth.jsonl", truths)
    return [played(truth.title, truth.artist, truth.length) for truth in truths]


def _check(
    users: int,
    days: int,
    songs: int,
    seed: int,
    start: date,
    songs_per_file: int,
    disturbed: float,
) -> None:
    """Raise ValueError with a sentence for the first impossible argument."""
    if users < 1:
        raise ValueError(f"A simulation needs at least 1 user, not {users}.")
    if days < 1:
        raise ValueError(f"A simulation takes at least 1 day, not {days}.")
    if songs < 0:
        raise ValueError(f"A library has 0 songs or more, not {songs}.")
    if songs_per_file < 1:
        raise ValueError(f"A file holds at least 1 song, not {songs_per_file}.")
    if seed < 0:
        raise ValueError(f"A seed is 0 or more, not {seed}.")
    if start.year < 1971:
        raise ValueError(f"A simulation starts in 1971 or later, not on {start}.")
    if days > (date.max - start).days:
        raise ValueError(f"The calendar ends before {days} days from {start}.")
    if not 0 <= disturbed <= 1:
        raise ValueError(f"A share lies between 0 and 1, not at {disturbed}.")


def _claim(*folders: Path) -> None:
    """Make the folders; raise FileExistsError before, if one has something in it."""
    for folder in folders:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(f"{folder} is not an empty folder: choose another.")
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)


def _listen(
    logs: LogFiles,
    users: list[User],
    songs: Weighted[PlayedSong],
    chance: Chance,
    begin: int,
    end: int,
) -> tuple[int, int]:
    """Let all users listen from begin to end; return the numbers of events and plays.

    The queue knows when each user comes next. So sessions are numbered by their start,
    a user has one at a time, and no event comes before the start at hand.
    """
    events = plays = 0
    queue = [
        (_first_start(begin, index, user, chance), index)
        for index, user in enumerate(users)
    ]
    heapify(queue)
    for number in count(1):
        start, index = queue[0]
        logs.write_until(min(start, end))
        if start >= end:
            break
        session = Session(users[index], number, start)
        logs.add(session.run(chance, songs, end))
        events += session.events
        plays += session.plays
        pause = chance.wait(users[index].pause)
        heapreplace(queue, (later(session.over, pause), index))
    return events, plays


def _first_start(begin: int, index: int, user: User, chance: Chance) -> int:
    # Users are met somewhere in a wait, the first user at its end: so the smallest
    # simulation has an event.
    rest = spread(index, 0.6180339887498949) * chance.wait(user.pause)
    return later(begin, chance.random() + rest)
