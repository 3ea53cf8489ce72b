"""How a play finds its song: a text that somebody asks about."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from sparkify import schema
from sparkify.config import Settings
from sparkify.engines import make_engine
from sparkify.engines.base import Engine, Row
from sparkify.lookups.texts import keys, repair
from sparkify.models import Models, load_models, metric
from sparkify.report.text import console, print_table, safe

_MEANINGS = {
    "exact": "title, artist and length are the same",
    "title": "title and artist are the same",
    "folded": "the names differ only in what never tells songs apart: case, "
    "punctuation, the article or accents of the artist",
    "timed": "the names differ in accents, a guest or the kind of recording, and the "
    "length is the same",
    "artist": "no such song, but all songs by that name are one artist's",
}
_LIKENESS = ("", "the same", "the same, folded", "alike", "another title")


@dataclass(frozen=True)
class Candidate:
    """A song that a text was compared with."""

    song_id: str
    artist_id: str
    title: str
    artist: str
    duration: float | None
    names: str
    seconds_apart: int | None


@dataclass(frozen=True)
class Found:
    """What a play of a text would be matched to, and what it was compared with."""

    song: str
    artist: str
    length: float | None
    match_method: str | None
    song_id: str | None
    artist_id: str | None
    meaning: str
    candidates: list[Candidate] = field(default_factory=list)


def find(settings: Settings, song: str, artist: str, length: float | None) -> Found:
    """Match a text as a load would, by the same statements."""
    engine = make_engine(settings)
    models = load_models(settings.schema_prefix)
    song, artist = repair(song), repair(artist)
    with engine.session(read_only=True):
        schema.verify(engine, models)
        _compare(engine, models, song, artist)
        matches = engine.query(
            models.in_schema(metric("match/found")), {"length": length}
        )
        candidates = engine.query(models.in_schema(metric("match/candidates")))
    method, song_id, artist_id = matches[0][:3] if matches else (None, None, None)
    return Found(
        song,
        artist,
        length,
        _text(method),
        _text(song_id),
        _text(artist_id),
        _MEANINGS.get(str(method), "no song of the catalogue goes by these names"),
        list(_candidates(candidates, length)),
    )


def _compare(engine: Engine, models: Models, song: str, artist: str) -> None:
    """Run the steps of the transform that match texts, with this one alone."""
    match_key, base_key, artist_key = keys(song, artist)
    asked = {
        "song": song,
        "artist": artist,
        "match_key": match_key,
        "base_key": base_key,
        "artist_key": artist_key,
    }
    text = metric("match/text")
    engine.execute(f"create temp table touched_texts as\n{text}", asked)
    for table in models.transform:
        if table.name in {"touched_names", "text_matches"}:
            for statement in table.load:
                engine.execute(statement, {"revision": 0})


def _candidates(rows: list[Row], length: float | None) -> Iterator[Candidate]:
    for song_id, artist_id, title, artist, duration, distance in rows:
        seconds = None if duration is None else float(str(duration))
        apart = None
        if seconds is not None and length is not None:
            apart = abs(math.floor(seconds) - math.floor(length))
        yield Candidate(
            str(song_id),
            str(artist_id),
            str(title),
            str(artist),
            seconds,
            _LIKENESS[int(str(distance))],
            apart,
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def show_found(found: Found, format_: str, *, explain: bool) -> None:
    """Print what was found, with what it was compared with if that is asked for."""
    if format_ == "json":
        told = asdict(found)
        if not explain:
            del told["candidates"]
        print(json.dumps(told, indent=2))
        return
    out = console()
    length = "" if found.length is None else f", {found.length:g} s"
    out.print(safe(f'"{found.song}" by "{found.artist}"{length}'), markup=False)
    what = found.song_id or found.artist_id or "no song"
    method = f" ({found.match_method})" if found.match_method else ""
    out.print(f"finds {safe(what)}{method}: {found.meaning}.", markup=False)
    if explain and found.candidates:
        print_table(
            "",
            ["song", "title", "artist", "duration", "names", "seconds apart"],
            [
                (
                    each.song_id,
                    each.title,
                    each.artist,
                    "" if each.duration is None else each.duration,
                    each.names,
                    "" if each.seconds_apart is None else each.seconds_apart,
                )
                for each in found.candidates
            ],
        )
    elif explain:
        out.print("The catalogue has nothing by this artist.")
