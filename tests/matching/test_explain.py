"""`sparkify match` says what a load would do; `report` says what loads have done."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from sparkify.cli import cli
from sparkify.errors import SchemaDiffers
from sparkify.lookups import RULES
from sparkify.metrics import Filters, open_metrics
from sparkify.report.matches import find

if TYPE_CHECKING:
    from conftest import Warehouse

ROOT = Path(__file__).parents[2]
make: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "make_matching.py"))


@pytest.fixture(scope="module")
def labelled(
    new_warehouse: Callable[[str], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Warehouse]:
    """A warehouse of the labelled songs and plays; made once for each engine."""
    made: dict[str, Warehouse] = {}

    def of(engine: str) -> Warehouse:
        if engine not in made:
            folder = tmp_path_factory.mktemp("labelled")
            make["write_labelled"](folder)
            warehouse = made[engine] = new_warehouse(engine)
            for dataset, path in (("songs", "song_data"), ("events", "log_data")):
                for file in (folder / path).iterdir():
                    warehouse.write_bytes(dataset, file.name, file.read_bytes())
            warehouse.run()
        return made[engine]

    return of


def test_explains_what_a_load_did(
    labelled: Callable[[str], Warehouse], engine_name: str
) -> None:
    """Of every way of matching, three plays: what is told is what was done."""
    warehouse = labelled(engine_name)
    plays = warehouse.query(
        "select song, artist, length, song_id, artist_id, match_method "
        "from analytics.songplays order by item_in_session"
    )
    asked: dict[object, int] = {}
    for song, artist, length, *match in plays:
        method = match[2]
        asked[method] = asked.get(method, 0) + 1
        if asked[method] <= 3:
            found = find(warehouse.settings, str(song), str(artist), float(str(length)))
            assert [found.song_id, found.artist_id, found.match_method] == match
    assert len(asked) == 6


def test_tells_the_song_and_why(
    labelled: Callable[[str], Warehouse], engine_name: str
) -> None:
    """The command prints the song, the rule, and what the text was compared with."""
    config = ["--config", str(labelled(engine_name).config)]
    text = ["match", "Joga", "BJÖRK", "305.9"]
    ended = CliRunner().invoke(cli, [*text, "--explain", *config])
    assert ended.exit_code == 0
    assert "(timed)" in ended.stdout
    assert "Jóga" in ended.stdout
    told = json.loads(
        CliRunner()
        .invoke(cli, [*text, "--explain", "--format", "json", *config])
        .stdout
    )
    assert told["match_method"] == "timed"
    assert told["artist_id"] == "ARBJORK"
    nearest = told["candidates"][0]
    assert nearest["song_id"] == told["song_id"]
    assert (nearest["names"], nearest["seconds_apart"]) == ("alike", 0)


def test_damaged_text_is_asked_about_repaired(
    labelled: Callable[[str], Warehouse], engine_name: str
) -> None:
    """A text may be pasted from a log as it is."""
    found = find(labelled(engine_name).settings, "Undo", "BjÃ¶rk", None)
    assert (found.artist, found.match_method) == ("Björk", "title")


def test_unknown_text_finds_nothing(
    labelled: Callable[[str], Warehouse], engine_name: str
) -> None:
    """No song is no error."""
    config = ["--config", str(labelled(engine_name).config)]
    for text in (["Undo", "Nobody"], ["", ""], ["Undo", ""]):
        ended = CliRunner().invoke(cli, ["match", *text, "--explain", *config])
        assert ended.exit_code == 0
        assert "no song" in ended.stdout


def test_report_tells_the_rates_and_what_is_lacking(
    labelled: Callable[[str], Warehouse], engine_name: str
) -> None:
    """Plays by method add up to all plays; no song that is matched is lacking."""
    warehouse = labelled(engine_name)
    with open_metrics(warehouse.settings, Filters(days=None)) as metrics:
        rate = metrics.ask("match_rate").records
        lacking = set(metrics.ask("unmatched_songs").select("song", "artist"))
    total = warehouse.query("select count(*) from analytics.songplays")[0][0]
    assert sum(int(str(row["plays"])) for row in rate) == total
    assert {row["method"] for row in rate} >= {"exact", "folded", "timed", "none"}
    matched = warehouse.query(
        "select song, artist from analytics.songplays where song_id is not null"
    )
    assert lacking
    assert not lacking & set(matched)
    ended = subprocess.run(
        [sys.executable, "-m", "sparkify", "report", "--config", str(warehouse.config)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "The catalogue lacks" in ended.stdout


@pytest.mark.parametrize("name", sorted(RULES))
def test_older_rules_are_refused_until_a_full_refresh(
    warehouse: Warehouse, name: str
) -> None:
    """Rows of two versions never mix: the run says what to do, and that helps."""
    warehouse.write("songs", "songs.json", [{}])
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    star = warehouse.bags("analytics")
    warehouse.execute(f"update analytics.{name} set rule_version = 0")
    with pytest.raises(SchemaDiffers, match=f"{name} .*version 0.*--full-refresh"):
        warehouse.run()
    warehouse.pipeline.full_refresh()
    assert not warehouse.run().loads
    assert warehouse.bags("analytics") == star
