"""A song and an artist are one, however the log writes their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparkify.lookups.texts import credit_key
from sparkify.metrics import Filters, open_metrics

if TYPE_CHECKING:
    from conftest import Warehouse


def test_case_makes_no_other_artist(warehouse: Warehouse) -> None:
    """Spellings that differ by case alone, of any letter, stand in one row and page."""
    played = (("Halo", "Beyoncé"), ("Irreplaceable", "BEYONCÉ "), ("Halo", "beyoncÉ"))
    warehouse.write(
        "events",
        "2018-11-01-events.json",
        [
            {"ts": 1_541_030_400_000 + n, "itemInSession": n, "song": s, "artist": a}
            for n, (s, a) in enumerate((*played, ("Halo", "Beyonce"), ("Halo", "")))
        ],
    )
    warehouse.run()
    with open_metrics(warehouse.settings, Filters(days=None)) as metrics:
        charted = metrics.ask("artists").select("artist", "plays", "songs")
        which = {"credit_key": credit_key("BEYONCÉ")}
        songs = metrics.ask("artist_songs", **which).select("song", "plays")
        days = metrics.ask("artist_days", **which).select("plays")
    assert sorted(charted) == [("BEYONCÉ", 3, 2), ("Beyonce", 1, 1)]
    assert songs == [("Halo", 2), ("Irreplaceable", 1)]
    assert days == [(3,)]


def test_the_usual_spelling_is_shown(warehouse: Warehouse) -> None:
    """Of several spellings a song and an artist have that of most plays, as a pair."""
    usual, shouted = ("Halo", "Beyoncé"), ("HALO", "beyoncé")
    played = (usual, shouted, usual, ("halo", "BEYONCÉ"), usual, ("Other", "BEYONCÉ"))
    warehouse.write(
        "events",
        "2018-11-01-events.json",
        [
            {"ts": 1_541_030_400_000 + n, "itemInSession": n, "song": s, "artist": a}
            for n, (s, a) in enumerate(played)
        ],
    )
    warehouse.run()
    with open_metrics(warehouse.settings, Filters(days=None)) as metrics:
        songs = metrics.ask("songs").select("song", "artist", "plays")
        lacking = metrics.ask("unmatched_songs").select("song", "artist", "plays")
        artists = metrics.ask("artists").select("artist", "plays")
        which = {"credit_key": credit_key("beyoncé")}
        of_artist = metrics.ask("artist_songs", **which).select("song", "plays")
        artist = metrics.ask("artist", **which).select("plays", "listeners", "songs")
        [key] = metrics.ask("songs").select("song_key")[0]
        song = metrics.ask("song", song_key=key).select("song", "artist", "plays")
    assert songs == [(*usual, 5), ("Other", "BEYONCÉ", 1)]
    assert lacking == songs
    assert artists == [("Beyoncé", 6)]
    assert of_artist == [("Halo", 5), ("Other", 1)]
    assert artist == [(6, 1, 2)]
    assert song == [(*usual, 5)]
