"""Makes texts comparable: repair of what was encoded twice, and keys to match by.

Four keys say how alike two names are. `song_key` tells one text of song and artist from
another but for case, `credit_key` one of the artist alone. `match_key` leaves out what
never tells songs apart: case, accents of the artist, punctuation, "&" for "and", a
leading "The" of the artist. `base_key` also leaves out what sometimes does: accents of
the title, featured artists, and what kind of recording it is; songs alike by it alone
are one only if they last as long.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, lru_cache, partial
from itertools import pairwise

from xxhash import xxh3_64_intdigest

from sparkify.engines.base import Row

SONG_TEXT_RULES = 4
SONG_NAME_RULES = 2

# A title folded, and its base; the name of an artist, that of the first artist alone,
# each to be put before a title, and the latter's hash. Plain tuples: there are many.
_Title = tuple[str, str]
_Credit = tuple[str, str, int]
_Keys = tuple[int | None, int | None, int | None]

_BETWEEN = "\x1f"  # artist and title, where they are one text
_SIGN, _BITS = 2**63, 2**64

_FEATURING = re.compile(
    r"\((?:feat|ft|featuring)\b[^)]*\)|\[(?:feat|ft|featuring)\b[^]]*\]"
    r"|\b(?:feat\b|ft\.|featuring\b).*"
)
_GUESTS = re.compile(r"(?<=\S) (?:feat|ft|featuring) .*")
_KINDS = (
    r"(?:acoustic|album|amended|bonus|clean|demo|digital(?:ly)?|edit|edited|ep|explicit"
    r"|extended|instrumental|karaoke|live|lp|mix|mono|original|radio|re-?master(?:ed)?"
    r"|re-?mix(?:ed)?|single|stereo|unplugged|version|vivo)"
)
_KIND_OF_RECORDING = re.compile(
    rf"\([^()]*\b{_KINDS}\b[^()]*\)|\[[^][]*\b{_KINDS}\b[^][]*\]"
    rf"| [-–—] [^-–—]*\b{_KINDS}\b[^-–—]*$"
)
# What UTF-8 is mistaken for, as ftfy knows. One letter of it is then two or more: the
# first is what that encoding has for a byte from C0 on, the next for one below.
_MISTAKEN = (
    *("latin-1", "cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1257"),
    *("iso-8859-2", "mac-roman", "cp437"),
)
_FIRST, _NEXT = bytes(range(0xC0, 0xF8)), bytes(range(0x80, 0xC0))
_CONTROL = re.compile("[\x80-\x9f]")  # nobody writes one
_MARKS = re.compile(r"([a-zα-ω])[\u0300-\u036f]+")
# Letters that no normal form takes apart.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)


def song_texts(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of analytics.song_texts for pairs of song and artist as delivered."""

    @cache  # artists share titles
    def of_song(delivered: str) -> tuple[str, str, _Title | None]:
        song = repair(delivered)
        title = _uncased(song)
        return song, title, _title(title)

    @cache  # an artist has many songs
    def of_artist(delivered: str) -> tuple[str, str, int | None, _Credit | None]:
        artist = repair(delivered)
        name = _uncased(artist)
        return artist, name + _BETWEEN, _credit_key(name), _credit(name)

    for delivered_song, delivered_artist in rows:
        song, title, found = of_song(str(delivered_song))
        artist, name, key, credit = of_artist(str(delivered_artist))
        yield (
            delivered_song,
            delivered_artist,
            song,
            artist,
            _hash(name + title),
            key,
            *_keys(found, credit),
            SONG_TEXT_RULES,
        )


def song_names(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of analytics.song_names for pairs of title and artist as delivered."""

    @cache  # artists share titles
    def of_title(delivered: str) -> _Title | None:
        return _title(_uncased(delivered))

    @cache  # an artist has many songs
    def of_artist(delivered: str) -> _Credit | None:
        return _credit(_uncased(delivered))

    for title, artist in rows:
        keys = _keys(of_title(str(title)), of_artist(str(artist)))
        yield title, artist, *keys, SONG_NAME_RULES


def repair(text: str) -> str:
    """Undo UTF-8 that was read as Latin-1 and encoded again; leave other text."""
    if text.isascii() or not _is_suspicious(text):
        return text
    repaired = _decoded(text) if _CONTROL.search(text) else text
    if _is_suspicious(repaired):
        repaired = _fix_encoding()(repaired)
    # ftfy leaves a short remainder such as "Ã¥"; what was damaged once was so twice.
    return text if repaired == text else _decoded(repaired)


def _decoded(text: str) -> str:
    """UTF-8 that was read as Latin-1 decoded, as often as it was."""
    with suppress(UnicodeError):
        while not text.isascii():
            text = text.encode("latin-1").decode()
    return text


def _is_suspicious(text: str) -> bool:
    """Whether a text has what every text has that ftfy repairs, and few others."""
    after = _mistaken_after()
    return bool(_CONTROL.search(text)) or any(
        following in after.get(char, "") for char, following in pairwise(text)
    )


@cache
def _mistaken_after() -> dict[str, str]:
    """What may follow a letter that a first byte was mistaken for."""
    after: dict[str, str] = {}
    for name in _MISTAKEN:
        following = _NEXT.decode(name, "ignore")
        for char in _FIRST.decode(name, "ignore"):
            after[char] = after.get(char, "") + following
    return after


@cache
def _fix_encoding() -> Callable[[str], str]:
    # Imported here: few texts need it, and it takes longer than --help.
    import ftfy

    # What it would guess besides: that "Ã ESPERA" is a damaged "à", and lost a byte.
    config = ftfy.TextFixerConfig(
        restore_byte_a0=False,
        replace_lossy_sequences=False,
        decode_inconsistent_utf8=False,
        fix_c1_controls=False,
    )
    return partial(ftfy.fix_encoding, config=config)


def song_key(song: str, artist: str) -> int:
    """A 64-bit hash of a song's texts, without regard to case and outer blanks."""
    return _hash(_uncased(artist) + _BETWEEN + _uncased(song))


def credit_key(artist: str) -> int | None:
    """The same of its artist alone, as credited; None without one."""
    return _credit_key(_uncased(artist))


def _credit_key(name: str) -> int | None:
    return _hash(name) if name else None


def keys(title: str, artist: str) -> _Keys:
    """match_key, base_key and artist_key; None where title or artist is missing."""
    return _keys(_title(_uncased(title)), _credit(_uncased(artist)))


def _keys(title: _Title | None, credit: _Credit | None) -> _Keys:
    """The same, of what was taken apart."""
    if title is None or credit is None:
        return None, None, credit and credit[2]
    folded, base = title
    name, lead, artist_key = credit
    match_key = _hash(name + folded)
    # They are the same objects where nothing was left out.
    if lead is name and base is folded:
        return match_key, match_key, artist_key
    return match_key, _hash(lead + base), artist_key


@lru_cache(maxsize=100_000)  # the log has the titles of the catalogue
def _title(text: str) -> _Title | None:
    if not text:
        return None
    folded = fold(text)
    if _may_have_a_base(text):
        base = base_title(text)
        return folded, folded if base == folded else base
    return folded, folded


def _may_have_a_base(title: str) -> bool:
    """Whether base_title may differ from fold: quick, and never wrongly false."""
    return (
        "(" in title
        or "[" in title
        or " -" in title
        or "ft" in title
        or "feat" in title
        or not title.isascii()
    )


@lru_cache(maxsize=100_000)  # the log has the artists of the catalogue
def _credit(text: str) -> _Credit | None:
    if not text:
        return None
    name = artist_name(text)
    # Of the folded name: names that are alike share it.
    lead = _GUESTS.sub("", name) if " f" in name else name
    before = name + _BETWEEN
    return before, before if lead == name else lead + _BETWEEN, _hash(lead)


def artist_name(text: str) -> str:
    """An artist's name folded, without accents and the article."""
    name = fold(_without_accents(text))
    shorter = name.removeprefix("the ").removesuffix(" the")
    return shorter or name


def base_title(text: str) -> str:
    """A title folded, without accents, featured artists and the kind of recording."""
    plain = _FEATURING.sub("", text) if "f" in text else text
    plain = _KIND_OF_RECORDING.sub("", plain)
    return fold(_without_accents(plain if plain.strip() else text))


def fold(text: str) -> str:
    """Words alone: punctuation goes, "&" is "and"; a text without words stays."""
    words = text
    if not text.replace(" ", "").isalnum():
        words = text.replace(" + ", " & ").replace("..", " ").translate(_WORDS)
    return " ".join(words.split()) or text


def _uncased(text: str) -> str:
    text = text.strip()
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _without_accents(text: str) -> str:
    """Latin and Greek letters alone lose their marks; elsewhere they are letters."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _MARKS.sub(r"\1", parts)).translate(_PLAIN)


def _hash(text: str) -> int:
    """64 bits of it, as the signed integer that a BIGINT is."""
    bits = xxh3_64_intdigest(text.encode())
    return bits - _BITS if bits >= _SIGN else bits


class _Words(dict[int, str | None]):
    """For str.translate: what becomes of a character."""

    def __missing__(self, code: int) -> str | None:
        """Letters, digits and symbols stay; punctuation and the like part words."""
        kind = unicodedata.category(chr(code))
        parts = kind[0] in "PZC" or kind == "Sk"
        self[code] = " " if parts and chr(code) not in "#%" else chr(code)
        return self[code]


_WORDS = _Words({ord(char): None for char in "'’‘ʼ`´.\u200d\ufe0f"})
_WORDS |= {ord("&"): " and ", ord("|"): " "}
