"""All engines make the same star and quarantine of the same files, row for row (I6)."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import DEFAULTS, ENGINES, FOLDERS, make_warehouse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparkify.simulate import simulate

if TYPE_CHECKING:
    from conftest import Cells, Warehouse

EXAMPLES = int(os.environ.get("SPARKIFY_EXAMPLES", "4"))
CORPUS = Path(__file__).parents[1] / "bad_input" / "corpus"

# By dataset and name, the bytes of a source file.
Files = Mapping[tuple[str, str], bytes]
# What a load has from the clock and from the place where the files lie.
OF_A_RUN = {"load_id", "run_id", "modified_at", "started_at", "finished_at", "seconds"}
SAME = ("loads", "load_files", "rejects", "unknown_keys", "check_results", "load_steps")

TEXTS = (
    *("", " ", "x ", "NULL", "\\N", "\\", "\\.", "\\\\n", "a\tb", "a\nb", "a\r\nb"),
    *("a\n\\.\nb", "\r", '"', '""', 'say "no", then', "it's", ",", ";", "%", "%s"),
    *(":name", "$1", "null", "true", "1", "\x01", "\x7f", "\u0085", "\u2028", "\ufeff"),
    *("\ufffd", "é", "e\u0301", "東京 😀", "\u202egnp", "ß", "SS", "I", "ı", "Ä", "z"),
    *("BjÃ¶rk", "Ã", "A" * 1024, "é" * 512, "😀" * 256),
)
NUMBERS = (0, -0.0, 0.1, 1 / 3, 1e-300, 5e-324, 1e22, 123456789.123456789, 2**53, "7.5")


def contents(warehouse: Warehouse) -> dict[str, Counter[Cells]]:
    """Every row of every table, but for what is of a run."""
    found = {}
    for table in warehouse.pipeline.models.tables:
        if table.schema == "control" and table.name not in SAME:
            continue
        names = [c.name for c in table.columns if c.name not in OF_A_RUN]
        rows = warehouse.bag(table.full_name, names)
        if "uri" in names:
            at = names.index("uri")
            rows = Counter(
                (*row[:at], _below(warehouse, row[at]), *row[at + 1 :])
                for row in rows.elements()
            )
        found[table.full_name] = rows
    return found


def _below(warehouse: Warehouse, uri: object) -> str:
    return Path(str(uri)).relative_to(warehouse.folder).as_posix()


@contextmanager
def loaded(folder: Path, engine: str, files: Files) -> Iterator[Warehouse]:
    """A warehouse with the files, loaded by a run."""
    warehouse = make_warehouse(folder / engine, engine)
    for (dataset, name), content in files.items():
        path = warehouse.write_bytes(dataset, name, content)
        os.utime(path, ns=(10**18, 10**18))
    warehouse.run()
    yield warehouse
    warehouse.remove()


def expect_same(folder: Path, files: Files) -> dict[str, Counter[Cells]]:
    """Every engine holds the same; what that is."""
    first: dict[str, Counter[Cells]] = {}
    for engine in ENGINES:
        with loaded(folder, engine, files) as warehouse:
            found = contents(warehouse)
            first = first or found
            assert found.keys() == first.keys()
            for table, rows in found.items():
                assert rows == first[table], (engine, table)
            assert not warehouse.offenders()
    return first


def files_of(folder: Path) -> dict[tuple[str, str], bytes]:
    """The files of a folder in the real layout."""
    return {
        (dataset, path.relative_to(folder / name).as_posix()): path.read_bytes()
        for dataset, name in FOLDERS.items()
        for path in sorted((folder / name).rglob("*.json"))
    }


def lines(dataset: str, records: list[dict[str, object]]) -> bytes:
    """A source file of records; keys left out have default values."""
    return "".join(json.dumps(DEFAULTS[dataset] | r) + "\n" for r in records).encode()


def test_real_data(tmp_path: Path, real_data: Path) -> None:
    """The real data (I6)."""
    found = expect_same(tmp_path, files_of(real_data))
    assert found["staging.events"].total() == 8056


def test_bad_input(tmp_path: Path) -> None:
    """Files of every kind of bad input, in one load (I6)."""
    files = {}
    for kind in sorted(CORPUS.iterdir()):
        about = json.loads((kind / "expected.json").read_text())
        text = kind / "file.json"
        files[about["dataset"], f"{kind.name}.json"] = (
            text.read_bytes()
            if text.exists()
            else bytes.fromhex((kind / "file.hex").read_text("ascii"))
        )
    found = expect_same(tmp_path, files)
    assert found["control.rejects"].total() > 30


def test_simulated_data(tmp_path: Path) -> None:
    """A simulated month of some users, with repeats of some of it (I6)."""
    made = tmp_path / "made"
    simulate(made, users=40, days=20, songs=200, seed=6)
    files = files_of(made)
    for (dataset, name), content in list(files.items())[::5]:
        files[dataset, f"again/{name}"] = content
    found = expect_same(tmp_path, files)
    assert found["analytics.songplays"].total() > 100


def test_odd_texts_and_numbers(tmp_path: Path) -> None:
    """Every text and number that some format or engine takes for another (I6)."""
    texts: list[dict[str, object]] = [
        {"song": text, "artist": text, "firstName": text, "userAgent": text}
        for text in TEXTS
    ]
    numbers: list[dict[str, object]] = [{"length": number} for number in NUMBERS]
    events = [
        each | {"itemInSession": item, "userId": str(item)}
        for item, each in enumerate([*texts, *numbers])
    ]
    songs: list[dict[str, object]] = [
        {"song_id": f"SO{n}", "artist_id": f"AR{n}", "title": t, "artist_name": t}
        for n, t in enumerate(TEXTS)
    ]
    songs += [
        {"song_id": f"SN{n}", "artist_latitude": number, "duration": number}
        for n, number in enumerate(NUMBERS)
    ]
    unknown: list[dict[str, object]] = [
        {"itemInSession": 999, "k" * 2000: 1, "nul\0": "a\0b", "tab\t": ["x" * 5000]}
    ]
    found = expect_same(
        tmp_path,
        {
            ("events", "a.json"): lines("events", events),
            ("events", "b.json"): lines("events", unknown),
            ("songs", "a.json"): lines("songs", songs),
        },
    )
    assert found["analytics.songplays"].total() > len(TEXTS)
    assert found["control.unknown_keys"].total() == 3


values = st.one_of(
    st.text(max_size=12),
    st.sampled_from(TEXTS),
    st.sampled_from(NUMBERS),
    st.integers(-(2**40), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.lists(st.integers(), max_size=2),
)


def records(dataset: str) -> st.SearchStrategy[list[dict[str, object]]]:
    """Records of which some values are anything at all."""
    keys = st.sampled_from(sorted(DEFAULTS[dataset]))
    return st.lists(st.dictionaries(keys, values, max_size=3), min_size=1, max_size=25)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=records("events"), songs=records("songs"))
def test_anything(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[dict[str, object]],
    songs: list[dict[str, object]],
) -> None:
    """Records with values of any kind, most of them rejected (I6)."""
    expect_same(
        tmp_path_factory.mktemp("anything"),
        {
            ("events", "a.json"): lines("events", events),
            ("songs", "a.json"): lines("songs", songs),
        },
    )
