"""Songs that are played under other names than the library has, and what is true.

Most disturbances leave the song what it is: another spelling, a guest who is named or
not, a kind of recording that is told or not, a length that is rounded differently. A
near miss is another song that is called nearly the same.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from sparkify.simulate import words
from sparkify.simulate.catalogue import Song
from sparkify.simulate.chance import Chance

_NEAR_MISSES = 0.02  # of the songs outside the library; in the real log 0.004
_MEASURED_AGAIN = 0.2  # of the disturbed songs
_MISSPELT = 0.02  # likewise

Name = tuple[str, str]
Disturbance = Callable[[str, str, Chance], Name]


class Truth(NamedTuple):
    """A song as it is played, and the song of the library that it is, if any."""

    title: str
    artist: str
    length: float
    song_id: str | None
    artist_id: str
    how: str


def play_under_other_names(
    library: list[Song], outside: list[Song], share: float, chance: Chance
) -> list[Truth]:
    """How each song is played, the library's first; a share of them is disturbed."""
    played = []
    for song in library:
        title, artist, length, how = (
            song.title,
            song.artist.name,
            song.duration,
            "as is",
        )
        if chance.random() < share:
            how = chance.pick(tuple(DISTURBANCES))
            if chance.random() < _MISSPELT:
                how = "letter missing"
            disturb = DISTURBANCES.get(how, _misspelt)
            title, artist = disturb(title, artist, chance)
            if chance.random() < _MEASURED_AGAIN:
                length = round(length + chance.between(-1.5, 1.5), 5)
        played.append(
            Truth(title, artist, length, song.song_id, song.artist.artist_id, how)
        )
    for song in outside:
        if library and chance.random() < _NEAR_MISSES:
            twin = chance.pick(library)
            title = chance.pick(_OTHER_SONGS).format(twin.title)
            name, artist_id = twin.artist.name, twin.artist.artist_id
            if title == twin.title:
                name, artist_id = song.artist.name, song.artist.artist_id
            played.append(
                Truth(title, name, song.duration, None, artist_id, "near miss")
            )
        else:
            played.append(
                Truth(
                    song.title,
                    song.artist.name,
                    song.duration,
                    None,
                    song.artist.artist_id,
                    "outside",
                )
            )
    return played


def write_truth(path: Path, truths: Iterable[Truth]) -> None:
    """Write the truth, a JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for truth in truths:
            file.write(json.dumps(truth._asdict()) + "\n")


_OTHER_SONGS = (
    "{} (Live)",
    "{} (Remix)",
    "{} [Instrumental]",
    "{} II",
    "{} Part 3",
    "More {}",
    "{}",
)


def _upper(title: str, artist: str, _: Chance) -> Name:
    return title.upper(), artist


def _lower(title: str, artist: str, _: Chance) -> Name:
    return title.lower(), artist.lower()


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    return "".join(c for c in parts if not "\u0300" <= c <= "\u036f")


def _without_accents(title: str, artist: str, _: Chance) -> Name:
    return _plain(title), _plain(artist)


def _decomposed(title: str, artist: str, _: Chance) -> Name:
    return unicodedata.normalize("NFD", title), unicodedata.normalize("NFD", artist)


def _punctuated(title: str, artist: str, chance: Chance) -> Name:
    form = chance.pick(("{}.", "{}!", '"{}"', "{} ...", " {}", "{}\u00a0"))
    return form.format(title.replace(", ", "_ ").replace("'", "\u2019")), artist


def _ampersand(title: str, artist: str, _: Chance) -> Name:
    for one, other in ((" & ", " and "), (" And ", " & "), (" and ", " & ")):
        if one in artist:
            return title, artist.replace(one, other)
    return title.replace(" & ", " and "), artist


def _article(title: str, artist: str, _: Chance) -> Name:
    if artist.startswith("The "):
        return title, artist.removeprefix("The ")
    return title, f"The {artist}"


def _guest(title: str, artist: str, chance: Chance) -> Name:
    if " feat. " in artist:
        return title, artist.partition(" feat. ")[0]
    guest = f"{chance.pick(words.WOMEN)} {chance.pick(words.LAST_NAMES)}"
    if chance.random() < 0.5:
        return title, f"{artist} {chance.pick(('feat.', 'ft.', 'featuring'))} {guest}"
    return f"{title} {chance.pick(('(feat. {})', '[ft. {}]')).format(guest)}", artist


def _kind(title: str, artist: str, chance: Chance) -> Name:
    for ending in (" (Album Version)", " [Radio Edit]", " (2004 Digital Remaster)"):
        if title.endswith(ending):
            return title.removesuffix(ending), artist
    kinds = ("{} (Album Version)", "{} - Radio Edit", "{} [2011 Remaster]", "{} (Live)")
    return chance.pick(kinds).format(title), artist


def _misspelt(title: str, artist: str, chance: Chance) -> Name:
    place = int(chance.random() * len(title))
    return title[:place] + title[place + 1 :], artist


DISTURBANCES: dict[str, Disturbance] = {
    "upper case": _upper,
    "lower case": _lower,
    "without accents": _without_accents,
    "decomposed": _decomposed,
    "punctuation": _punctuated,
    "ampersand": _ampersand,
    "article": _article,
    "guest": _guest,
    "kind of recording": _kind,
}
