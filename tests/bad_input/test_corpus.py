"""A conformance corpus of bad input: each kind meets the same end on every engine.

`corpus/KIND/` holds a source file, as `file.json` or in hexadecimal as `file.hex`, and
`expected.json`: `what` it is, and what the user sees of it: the exit code of a run,
whether the file is refused (as `run` and `status` tell), and so because it is damaged,
the number of staged records, and the rejects as `sparkify rejects` shows them, each by
reason, first byte, line and the beginning of its text.
"""

from __future__ import annotations

import json
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from sparkify.cli import main
from sparkify.models import load_models

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet
    from conftest import Cells, Warehouse

CORPUS = Path(__file__).parent / "corpus"
KINDS = sorted(folder.name for folder in CORPUS.iterdir())
LEAST_KINDS = 45
CLEAN = {"sessionId": 77, "itemInSession": 7}


@dataclass(frozen=True)
class Kind:
    """A kind of bad input, and what is to become of it."""

    name: str
    content: bytes
    what: str
    dataset: str
    exit: int
    refused: bool
    staged: int
    rejects: list[dict[str, object]]
    damaged: bool = False

    @property
    def file(self) -> str:
        """The file's name in the source folder."""
        return f"{self.name}.json"


def kind(name: str) -> Kind:
    """Read a kind."""
    folder = CORPUS / name
    text = folder / "file.json"
    content = (
        text.read_bytes()
        if text.exists()
        else bytes.fromhex((folder / "file.hex").read_text("ascii"))
    )
    return Kind(name, content, **json.loads((folder / "expected.json").read_text()))


def command(warehouse: Warehouse, *words: str) -> tuple[int, str]:
    """Run a command; its exit code, and what it prints."""
    with redirect_stdout(StringIO()) as out, pytest.raises(SystemExit) as ended:
        main([*words, "--config", str(warehouse.config)])
    return cast("int", ended.value.code), out.getvalue()


@dataclass(frozen=True)
class End:
    """What the ledger says of the newest version of a file, and what a user sees."""

    account: Cells
    rejects: list[dict[str, object]]
    told_refused: bool


def ends(warehouse: Warehouse) -> dict[str, End]:
    """By file name, what has become of it."""
    rejects = json.loads(command(warehouse, "rejects", "--show", "--format", "json")[1])
    refused = json.loads(command(warehouse, "status", "--format", "json")[1])["refused"]
    accounts = warehouse.query(
        "select uri, status, records, staged, rejected, erased "
        "from control.load_files order by load_id"
    )
    return {
        Path(str(uri)).name: End(
            tuple(account),
            [each for each in rejects if each["uri"] == uri],
            uri in refused,
        )
        for uri, *account in accounts
    }


def expect(found: End, given: Kind) -> None:
    """The file met the end that its kind describes, every record accounted for."""
    status, records, staged, rejected, erased = found.account
    assert status == ("refused" if given.refused else "loaded")
    assert found.told_refused is given.refused
    assert staged == given.staged
    if given.refused:
        assert bool(records) is not given.damaged
        assert not found.rejects
        return
    assert (rejected, erased) == (len(given.rejects), 0)
    assert records == given.staged + len(given.rejects)
    assert len(found.rejects) == len(given.rejects), found
    for each, expected in zip(found.rejects, given.rejects, strict=True):
        places = {name: each[name] for name in ("reason", "position", "line")}
        assert places == {name: expected[name] for name in places}
        assert str(each["raw_record"]).startswith(str(expected["raw"]))


def _alone(name: str) -> ParameterSet:
    """A kind that is about one value in a sound file waits for the long form."""
    is_quick = name.startswith(("file_", "form_", "refused_", "tolerated_"))
    return pytest.param(name, marks=() if is_quick else pytest.mark.long)


@pytest.mark.parametrize("name", [_alone(name) for name in KINDS])
def test_on_its_own(
    warehouse: Warehouse, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file loaded on its own meets the end of its kind; records are whole (I7)."""
    given = kind(name)
    warehouse.write_bytes(given.dataset, given.file, given.content)
    code, said = command(warehouse, "run")
    assert code == given.exit
    assert f"{len(given.rejects)} rejected." in said
    expect(ends(warehouse)[given.file], given)
    assert sum(cast("int", rows) for (rows,) in warehouse.query(STAGED)) == given.staged
    told = capsys.readouterr().err
    assert (given.file in told and "refused" in told) is given.refused
    assert "Traceback" not in told


STAGED = (
    "select count(*) from staging.events union all select count(*) from staging.songs"
)


def test_all_kinds_and_a_clean_file_in_one_load(warehouse: Warehouse) -> None:
    """Files of every kind loaded together each meet the end they meet alone (I1)."""
    every = [kind(name) for name in KINDS]
    for given in every:
        warehouse.write_bytes(given.dataset, given.file, given.content)
    warehouse.write("events", "clean.json", [CLEAN])
    code, said = command(warehouse, "run")
    assert code == 1
    rejects = sum(len(given.rejects) for given in every)
    assert f"{rejects} rejected." in said
    found = ends(warehouse)
    for given in every:
        expect(found[given.file], given)
    assert found["clean.json"] == End(("loaded", 1, 1, 0, 0), [], told_refused=False)
    plays = warehouse.query("select songplay_id from analytics.songplays")
    assert ("77-7-15",) in plays
    assert not warehouse.offenders()
    assert command(warehouse, "run")[0] == 0


@pytest.mark.long
@pytest.mark.parametrize("name", KINDS)
def test_beside_a_clean_file(warehouse: Warehouse, name: str) -> None:
    """A clean file loads beside it, and the bad one meets the same end (I1)."""
    given = kind(name)
    warehouse.write_bytes(given.dataset, given.file, given.content)
    warehouse.write("events", "clean.json", [CLEAN])
    warehouse.write("songs", "clean.json", [{}])
    assert command(warehouse, "run", "--quiet") == (given.exit, "")
    expect(ends(warehouse)[given.file], given)
    assert warehouse.query(
        "select songplay_id from analytics.songplays where session_id = 77"
    ) == [("77-7-15",)]
    assert not warehouse.offenders()


def test_corpus_has_every_reason() -> None:
    """Every reason a record can be rejected for stands in the corpus."""
    models = load_models()
    judges = (models.table(f"staging.{name}").judge for name in ("events", "songs"))
    known = {reason for judge in judges for reason in REASON.findall(judge)}
    known |= {"not JSON", "not an object", "not UTF-8", "repeated key: ts"}
    found = {str(each["reason"]) for name in KINDS for each in kind(name).rejects}
    assert len(known) >= 30
    assert known <= found


REASON = re.compile(r"'(\w+: [a-z ]+)'")


def test_kinds_are_many_and_explained() -> None:
    """There are enough kinds, and each says in a sentence what the user sees."""
    assert len(KINDS) >= LEAST_KINDS
    whats = [kind(name).what for name in KINDS]
    assert all(what.endswith(".") for what in whats)
    assert len(set(whats)) > LEAST_KINDS
