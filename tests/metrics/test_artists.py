"""An artist is one, however the log writes the name."""

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
