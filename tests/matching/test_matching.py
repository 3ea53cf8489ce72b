"""Plays find their songs: rightly, nearly always, and whenever the songs come."""

from __future__ import annotations

import json
import random
import runpy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sparkify.simulate import Simulation, simulate

if TYPE_CHECKING:
    from conftest import Warehouse

ROOT = Path(__file__).parents[2]
make: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "make_matching.py"))
Outcomes = Sequence[Any]

METHODS = (*make["SONG_METHODS"], "artist")


def deliver(warehouse: Warehouse, source: Path) -> None:
    """Copy all files of a source to where the warehouse looks for them."""
    for dataset, folder in (("events", "log_data"), ("songs", "song_data")):
        for file in sorted((source / folder).rglob("*.json")):
            warehouse.write_bytes(dataset, file.name, file.read_bytes())


@pytest.fixture(scope="module")
def labelled(
    new_warehouse: Callable[[str], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Outcomes]:
    """What became of the labelled plays; loaded once for each engine."""
    found: dict[str, Outcomes] = {}

    def of(engine: str) -> Outcomes:
        if engine not in found:
            folder = tmp_path_factory.mktemp("labelled")
            make["write_labelled"](folder)
            warehouse = new_warehouse(engine)
            deliver(warehouse, folder)
            warehouse.run()
            assert not warehouse.offenders()
            found[engine] = make["labelled_outcomes"](warehouse.pipeline)
        return found[engine]

    return of


@pytest.mark.parametrize("method", METHODS)
def test_labelled_matches_are_right(
    labelled: Callable[[str], Outcomes], engine_name: str, method: str
) -> None:
    """No rule gives a labelled play a song, or an artist, that is not its own."""
    own = [each for each in labelled(engine_name) if each.method == method]
    assert own
    assert not [each for each in own if not each.is_right]


def test_labelled_songs_are_found(
    labelled: Callable[[str], Outcomes], engine_name: str
) -> None:
    """Of the plays with a song in the library, at most one in twenty misses it."""
    known, found = make["recall"](labelled(engine_name))
    assert known > 90
    assert found / known >= 0.95


def test_page_tells_of_the_labelled_names(
    labelled: Callable[[str], Outcomes], engine_name: str
) -> None:
    """docs/matching.md has the figures of the labelled names as they are now."""
    page = (ROOT / "docs" / "matching.md").read_text("utf-8")
    head = ("method", "matched", "rightly", "precision")
    table = make["_table"](head, make["_by_method"](labelled(engine_name)))
    assert table in page, "docs/matching.md is not current: run `make docs`"


def expect_accuracy(outcomes: Outcomes) -> None:
    """Every rule is right in 99.5 % and more; nearly all songs are found."""
    for method in METHODS:
        matched, right = make["precision"](outcomes, method)
        assert matched, method
        assert right / matched >= 0.995, method
    for is_plain, least in ((True, 0.99), (False, 0.95)):
        known, found = make["recall"](
            [each for each in outcomes if (each.how == "as is") is is_plain]
        )
        assert found / known >= least, (is_plain, found, known)


def try_simulated(
    new_warehouse: Callable[[str], Warehouse],
    engine: str,
    folder: Path,
    *,
    songs: int,
    seed: int,
) -> Outcomes:
    """Load a simulation with disturbed names; expect a play a row. What was found."""
    made = simulate(
        folder,
        users=songs // 5,
        days=30,
        songs=songs,
        seed=seed,
        songs_per_file=50,
        disturbed=0.4,
    )
    warehouse = new_warehouse(engine)
    deliver(warehouse, folder)
    warehouse.run()
    assert warehouse.query("select count(*) from analytics.songplays") == [
        (made.plays,)
    ]
    truth = folder / "truth.jsonl"
    outcomes: Outcomes = make["simulated_outcomes"](warehouse.pipeline, truth)
    return outcomes


def test_simulated_matches_are_right(
    new_warehouse: Callable[[str], Warehouse], engine_name: str, tmp_path: Path
) -> None:
    """Disturbed names, aliases, titles twice: the right songs, and no other."""
    expect_accuracy(
        try_simulated(new_warehouse, engine_name, tmp_path, songs=1500, seed=11)
    )


@pytest.mark.long
def test_simulated_matches_are_right_in_large(
    new_warehouse: Callable[[str], Warehouse], engine_name: str, tmp_path: Path
) -> None:
    """As above, in larger libraries, judged as one: a rule has few matches in each."""
    outcomes = [
        outcome
        for seed in range(20, 25)
        for outcome in try_simulated(
            new_warehouse, engine_name, tmp_path / str(seed), songs=8000, seed=seed
        )
    ]
    expect_accuracy(outcomes)


def try_late_songs(
    new_warehouse: Callable[[str], Warehouse],
    engine: str,
    made: Simulation,
    *,
    share: float,
    chance: random.Random,
) -> None:
    """Load a share of the song files after the logs, in any order: the same star."""
    songs = sorted(made.song_data.rglob("*.json"))
    logs = sorted(made.log_data.rglob("*.json"))
    chance.shuffle(songs)
    late = songs[: max(1, round(share * len(songs)))]
    loads = [("songs", songs[len(late) :]), ("events", logs)]
    half = (len(late) + 1) // 2
    loads += [("songs", late[:half]), ("songs", late[half:])]
    told, at_once = new_warehouse(engine), new_warehouse(engine)
    for dataset, files in loads:
        for file in files:
            told.write_bytes(dataset, file.name, file.read_bytes())
            at_once.write_bytes(dataset, file.name, file.read_bytes())
        told.run()
    at_once.run()
    assert told.bags("analytics") == at_once.bags("analytics")
    assert not told.offenders()


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_late_songs_heal_old_plays(
    new_warehouse: Callable[[str], Warehouse],
    engine_name: str,
    tmp_path: Path,
    share: float,
) -> None:
    """I1: whichever songs come after the plays, the star is the same."""
    made = simulate(tmp_path, users=60, days=7, songs=300, seed=3, disturbed=0.4)
    try_late_songs(
        new_warehouse,
        engine_name,
        made,
        share=share,
        chance=random.Random(3),  # noqa: S311  # no secret
    )


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.5])
def test_late_songs_heal_old_plays_many_times(
    new_warehouse: Callable[[str], Warehouse],
    engine_name: str,
    tmp_path: Path,
    share: float,
    seed: int,
) -> None:
    """I1: as above, with many libraries."""
    made = simulate(tmp_path, users=100, days=7, songs=400, seed=seed, disturbed=0.5)
    try_late_songs(
        new_warehouse,
        engine_name,
        made,
        share=share,
        chance=random.Random(seed),  # noqa: S311  # no secret
    )


def test_truth_is_told_of_every_song(tmp_path: Path) -> None:
    """The simulator tells what each song is; a near miss is no song of the library."""
    simulate(tmp_path, users=2, days=1, songs=200, seed=1, disturbed=1.0)
    lines = (tmp_path / "truth.jsonl").read_text("utf-8").splitlines()
    truths = [json.loads(line) for line in lines]
    library = [truth for truth in truths if truth["song_id"]]
    assert len(library) == 200
    assert "as is" not in {truth["how"] for truth in library}
    assert {t["how"] for t in truths if not t["song_id"]} == {"near miss", "outside"}
