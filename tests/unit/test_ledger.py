"""The ledger knows which versions of files are loaded, and what else is pending."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sparkify import ledger
from sparkify.errors import DataRefused, LedgerMoved
from sparkify.ledger import Load, ReadFile
from sparkify.sources.files import SourceFile

if TYPE_CHECKING:
    from conftest import Warehouse


def file(uri: str, size: int = 10, modified_at: int = 1, **more: str) -> SourceFile:
    """A discovered file."""
    return SourceFile("events", uri, size, modified_at, **more)  # type: ignore[arg-type]  # the only key is etag


class Ledger:
    """A warehouse's ledger; a file's hash is `hash of` its size."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.engine = warehouse.pipeline.engine
        self.models = warehouse.pipeline.models
        self.hashed: list[str] = []

    def record(self, load_id: int, *files: SourceFile) -> None:
        """Record a load."""
        loaded = tuple(ReadFile(each, self.hash_of(each), 3, 1) for each in files)
        load = Load(load_id, 1, "load", files[0].revision, loaded)
        with self.engine.session(), self.engine.transaction():
            ledger.record(self.engine, self.models, load)
        self.hashed.clear()

    def hash_of(self, each: SourceFile) -> str:
        """The hash of a file; notes that it was asked for."""
        self.hashed.append(each.uri)
        return f"hash of {each.bytes}"

    def pending(self, *files: SourceFile) -> list[tuple[str, int]]:
        """URI and revision of what is pending."""
        with self.engine.session():
            found = ledger.pending(self.engine, self.models, files, self.hash_of)
        return [(each.uri, each.revision) for each in found.files]


@pytest.fixture
def book(warehouse: Warehouse) -> Ledger:
    """The ledger of an empty warehouse."""
    return Ledger(warehouse)


def test_all_is_pending_at_first(book: Ledger) -> None:
    """An empty ledger knows no file; all are new, and none is read to tell."""
    assert book.pending(file("/a"), file("/b")) == [("/a", 0), ("/b", 0)]
    assert not book.hashed


def test_loaded_files_are_not_pending(book: Ledger) -> None:
    """Only what is not in the ledger is pending, wherever it stands in the order."""
    book.record(1, file("/b"), file("/d"))
    found = book.pending(*map(file, ("/a", "/b", "/c", "/d", "/e")))
    assert found == [("/a", 0), ("/c", 0), ("/e", 0)]
    assert not book.hashed


def test_files_that_left_the_source_do_not_matter(book: Ledger) -> None:
    """A known file that is no more discovered hides no other."""
    book.record(1, *map(file, ("/a", "/b", "/c", "/y", "/z")))
    assert book.pending(file("/b"), file("/x")) == [("/x", 0)]
    assert book.pending() == []


def test_other_size_is_a_new_version(book: Ledger) -> None:
    """A file of another size is pending with the next revision, and is not read."""
    book.record(1, file("/a"))
    assert book.pending(file("/a", 11)) == [("/a", 1)]
    assert not book.hashed


def test_other_time_alone_asks_for_the_content(book: Ledger) -> None:
    """Where only the time differs, the hash decides."""
    book.record(1, file("/a"), file("/b"))
    assert book.pending(file("/a", modified_at=2), file("/b")) == []
    assert book.hashed == ["/a"]


def test_same_size_and_other_content_is_a_new_version(book: Ledger) -> None:
    """A file rewritten with as many bytes is found by its hash."""
    book.record(1, file("/a"))
    book.hash_of = lambda each: f"other {each.uri}"  # type: ignore[method-assign]  # the content changed
    assert book.pending(file("/a", modified_at=2)) == [("/a", 1)]


def test_revision_counts_the_versions_loaded(book: Ledger) -> None:
    """The newest known version is the one compared with."""
    book.record(1, file("/a", 10))
    book.record(2, file("/a", 11)._replace(revision=1))
    book.record(3, file("/a", 12)._replace(revision=2))
    assert book.pending(file("/a", 12)) == []
    assert book.pending(file("/a", 10)) == [("/a", 3)]


def test_etag_decides_where_there_is_one(book: Ledger) -> None:
    """With an etag, neither size nor time nor content is looked at."""
    book.record(1, file("/a", etag="one"))
    assert book.pending(file("/a", 99, 99, etag="one")) == []
    assert book.pending(file("/a", etag="two")) == [("/a", 1)]
    assert not book.hashed


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_pages_of_the_ledger_change_nothing(
    book: Ledger, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """Wherever a page ends, between versions of a file too."""
    for load in range(1, 4):
        versions = [
            file(uri, 10 + load)._replace(revision=load - 1)
            for uri, loads in (("/a", 3), ("/b", 1), ("/c", 2), ("/d", 3))
            if load <= loads
        ]
        book.record(load, *versions)
    monkeypatch.setattr(ledger, "_PAGE", rows)
    newest = [file("/a", 13), file("/b", 11), file("/c", 12), file("/d", 13)]
    assert book.pending(*newest) == []
    assert book.pending(*(each._replace(bytes=9) for each in newest)) == [
        ("/a", 3),
        ("/b", 1),
        ("/c", 2),
        ("/d", 3),
    ]


def test_far_more_rows_than_files_change_nothing(
    book: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two files that are there, the ledger may know thousands that are not."""
    gone = [file(f"/b/{number:03}") for number in range(50)]
    book.record(1, file("/a"), *gone, file("/c"), file("/d"))
    book.record(2, file("/c", 11)._replace(revision=1))
    monkeypatch.setattr(ledger, "_ROWS", 4)
    assert book.pending(file("/a"), file("/c", 11), file("/d", 12), file("/e")) == [
        ("/d", 1),
        ("/e", 0),
    ]


def test_files_that_are_gone_are_counted(book: Ledger) -> None:
    """Loaded files below a folder, whatever versions they had; no neighbour's."""
    book.record(1, file("/a/1"), file("/a/2"), file("/a-b/3"), file("/a0"))
    book.record(2, file("/a/1", 11)._replace(revision=1))
    with book.engine.session():
        assert ledger.loaded_below(book.engine, book.models, "/a/") == 2
        found = ledger.pending(book.engine, book.models, [file("/a/1")], book.hash_of)
    assert found.known == 1


def test_order_of_uris_is_that_of_bytes(book: Ledger) -> None:
    """The ledger is read in the order in which discovery walks."""
    uris = sorted(["/a-b", "/a.json", "/a/b", "/B", "/é", "/z", "/\U0001f600"])
    book.record(1, *map(file, uris))
    assert book.pending(*map(file, uris)) == []


def test_load_is_recorded_with_its_sums(book: Ledger, warehouse: Warehouse) -> None:
    """The row of a load sums those of its files."""
    book.record(7, file("/a", 10), file("/b", 5))
    assert warehouse.query(
        "select load_id, kind, files, bytes, records, staged, rejected "
        "from control.loads"
    ) == [(7, "load", 2, 15, 6, 4, 2)]
    assert warehouse.query(
        "select load_id, uri, revision, bytes, content_hash, records, staged, rejected "
        "from control.load_files order by uri"
    ) == [
        (7, "/a", 0, 10, "hash of 10", 3, 2, 1),
        (7, "/b", 0, 5, "hash of 5", 3, 2, 1),
    ]


def test_head_is_the_newest_load(book: Ledger) -> None:
    """The head rises with the loads, from 0, and only it may be held."""
    with book.engine.session():
        assert ledger.head(book.engine, book.models) == 0
    book.record(5, file("/a"))
    book.record(9, file("/b"))
    with book.engine.session():
        assert ledger.head(book.engine, book.models) == 9
        with book.engine.transaction():
            ledger.hold(book.engine, book.models, 9)
        with pytest.raises(LedgerMoved), book.engine.transaction():
            ledger.hold(book.engine, book.models, 5)


def test_load_ids_rise() -> None:
    """A new id is above the head, even when the clock is behind."""
    first = ledger.new_id(0)
    assert ledger.new_id(first) > first
    assert ledger.new_id(2**60) == 2**60 + 1


def test_long_diagnosis_is_cut(warehouse: Warehouse, book: Ledger) -> None:
    """Of a diagnosis longer than its columns the beginning is kept, as JSON still."""
    samples = [["\u00e9" * 5000, "x"]] * 100
    error = DataRefused("\U0001f600" * 20_000, samples)
    with book.engine.session(), book.engine.transaction():
        ledger.record_attempt(
            book.engine, book.models, ledger.Load(7, 1, "load"), error
        )
    [(message, kept)] = warehouse.query("select message, samples from control.attempts")
    assert 0 < len(str(message).encode()) <= 16_384
    assert 0 < len(str(kept).encode()) <= 65_535
    assert json.loads(str(kept))[0][1] == "x"
