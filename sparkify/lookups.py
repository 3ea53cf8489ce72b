"""What SQL cannot do alike on all engines, once per distinct new value."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from hashlib import blake2b

from sparkify.engines.base import Engine
from sparkify.models import Models

SONG_TEXT_RULES = 1


def add_song_texts(engine: Engine, models: Models) -> int:
    """Add the new texts of this load's plays to analytics.song_texts; their number."""
    pairs = engine.query(
        models.in_schema(
            """
            select
                played_texts.delivered_song,
                played_texts.delivered_artist
            from played_texts
            left join analytics.song_texts
                on played_texts.delivered_song = song_texts.delivered_song
                and played_texts.delivered_artist = song_texts.delivered_artist
            where song_texts.delivered_song is null
            """
        )
    )
    rows = ((str(song), str(artist)) for song, artist in pairs)
    return engine.append(models.table("analytics.song_texts"), _song_texts(rows))


def _song_texts(pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[object, ...]]:
    repaired = cache(repair)  # an artist has many songs
    for delivered_song, delivered_artist in pairs:
        song, artist = repair(delivered_song), repaired(delivered_artist)
        key = song_key(song, artist)
        yield delivered_song, delivered_artist, song, artist, key, SONG_TEXT_RULES


def repair(text: str) -> str:
    """Undo UTF-8 that was read as Latin-1 and encoded again; leave other text."""
    if text.isascii():
        return text
    import ftfy

    repaired = ftfy.fix_encoding(text)
    # ftfy leaves a short remainder such as "Ã¥"; what was damaged once was so twice.
    while repaired != text:
        text = repaired
        with suppress(UnicodeError):
            repaired = text.encode("latin-1").decode("utf-8")
    return repaired


def song_key(song: str, artist: str) -> int:
    """A 64-bit hash of a song's texts, without regard to case and outer blanks."""
    folded = f"{_fold(artist)}\x1f{_fold(song)}".encode()
    return int.from_bytes(blake2b(folded, digest_size=8).digest(), signed=True)


def _fold(text: str) -> str:
    text = text.strip()
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", text.casefold())
