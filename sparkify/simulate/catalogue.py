"""The songs: a library that is delivered, and others that are only played."""

from math import fsum
from typing import NamedTuple

from sparkify.simulate import words
from sparkify.simulate.chance import Chance, Weighted
from sparkify.simulate.text import log_json

_LIBRARY_SHARE = 0.45  # of the plays
_OUTSIDE = 4_000  # songs outside the library, besides as many as are in it
_SCRAMBLE = 0x9E3779B1  # odd, so modulo a power of two no two numbers meet


class Artist(NamedTuple):
    """An artist as one song's metadata tells of them."""

    artist_id: str
    name: str
    location: str
    latitude: float | None
    longitude: float | None


class Song(NamedTuple):
    """A song of the library, as delivered."""

    artist: Artist
    song_id: str
    title: str
    duration: float
    year: int


class PlayedSong(NamedTuple):
    """A song in a log line: the parts of the line that come from it."""

    artist: str
    length: str
    title: str
    milliseconds: int


class Catalogue(NamedTuple):
    """The songs of the library and others, each the most popular first."""

    library: list[Song]
    outside: list[Song]

    def plays(self, played: list[PlayedSong]) -> Weighted[PlayedSong]:
        """Songs as they are played, the library's first, by their share of plays."""
        return Weighted(
            played,
            _popularity(len(self.library), _LIBRARY_SHARE)
            + _popularity(len(self.outside), 1 - _LIBRARY_SHARE),
        )


NO_SONG = PlayedSong('{"artist":null,', "null", ',"song":null,"status":', 0)


def invent_id(kind: str, letters: str, number: int, chance: Chance) -> str:
    """Return an id in the style of the Million Song Dataset, unique by its number."""
    while len(letters) < 5:
        letters += chance.pick(words.LETTERS)
    return f"{kind}{letters}12A8{number * _SCRAMBLE % 16**7:07X}"


def invent_catalogue(songs: int, chance: Chance) -> Catalogue:
    """Return a catalogue with so many songs in its library."""
    studio = _Studio(chance, artists=(2 * songs + _OUTSIDE) // 3)
    library: list[Song] = []
    for _ in range(songs):
        if library and chance.random() < 0.02:
            library.append(studio.record_again(chance.pick(library)))
        else:
            library.append(studio.record())
    return Catalogue(library, [studio.record() for _ in range(songs + _OUTSIDE)])


def _popularity(songs: int, share: float) -> list[float]:
    """Return the weights of songs from hit to rarity, Zipf-like, share in all."""
    weights = [1 / rank for rank in range(20, 20 + songs)]
    total = fsum(weights)
    return [share * weight / total for weight in weights]


def played(title: str, artist: str, length: float) -> PlayedSong:
    """Return the song as a log line tells of it."""
    return PlayedSong(
        artist=f'{{"artist":{log_json(artist)},',
        length=repr(length),
        title=f',"song":{log_json(title)},"status":',
        milliseconds=int(length * 1000),
    )


class _Studio:
    """Invents artists and records their songs, none twice under one title."""

    def __init__(self, chance: Chance, artists: int) -> None:
        self._chance = chance
        self._names: set[str] = set()
        self._artists = [self._invent_artist(number) for number in range(artists)]
        self._known: set[tuple[str, str]] = set()
        self._songs = 0

    def record(self) -> Song:
        """Return a new song of an artist, one of the early artists more often."""
        chance = self._chance
        while True:
            artist = chance.pick_early(chance.pick_early(self._artists))
            form = chance.pick_early(words.TITLE_FORMS)
            title = form.format(self._phrase(words.LANGUAGES.pick(chance.random())))
            if (artist.name, title) not in self._known:
                break
        self._known.add((artist.name, title))
        year = chance.pick_early(words.YEARS) if chance.random() < 0.4 else 0
        return Song(artist, self._song_id(), title, self._duration(), year)

    def record_again(self, song: Song) -> Song:
        """Return another recording of the song: the same title, another length."""
        return song._replace(song_id=self._song_id(), duration=self._duration())

    def _song_id(self) -> str:
        self._songs += 1
        return invent_id("SO", "", self._songs, self._chance)

    def _duration(self) -> float:
        chance = self._chance
        if chance.random() < 0.1:
            return round(chance.between(60, 600), 5)
        return round(chance.between(65, 175) + chance.between(65, 175), 5)

    def _phrase(self, language: words.Language) -> str:
        first = self._chance.pick(language.firsts)
        return f"{first}{language.link}{self._chance.pick(language.seconds)}"

    def _person(self) -> str:
        chance = self._chance
        first = chance.pick(words.WOMEN if chance.random() < 0.5 else words.MEN)
        return f"{first} {chance.pick(words.LAST_NAMES)}"

    def _place(self) -> tuple[str, float | None, float | None]:
        share = self._chance.random()
        location, latitude, longitude = self._chance.pick(words.PLACES)
        if share < 0.4:
            return "", None, None
        if share < 0.57:
            return location, None, None
        return location, latitude, longitude

    def _invent_artist(self, number: int) -> tuple[Artist, ...]:
        """Return an artist in the forms they are delivered in, mostly one."""
        chance = self._chance
        if chance.random() < 0.25:
            name = self._person()
        else:
            language = words.LANGUAGES.pick(chance.random())
            name = chance.pick(language.bands).format(self._phrase(language))
        # Few artists share a name, though there are more artists than phrases.
        while name in self._names and chance.random() >= 0.01:
            name = f"{name} {chance.pick(words.LAST_NAMES)}"
        self._names.add(name)
        artist_id = invent_id("AR", "", number, chance)
        artist = Artist(artist_id, name, *self._place())
        if chance.random() < 0.85:
            return (artist,)
        alias = f"{name} feat. {self._person()}"
        elsewhere = Artist(artist_id, name, *self._place())
        return artist, Artist(artist_id, alias, *self._place()), elsewhere
