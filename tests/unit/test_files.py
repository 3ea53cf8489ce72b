"""Source files: which there are, in which order they are loaded, how they are read."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify.errors import SourceChanged, SourceError
from sparkify.sources import folder, join
from sparkify.sources.files import (
    EVERYTHING,
    SourceFile,
    batches,
    day_of,
    is_hidden,
)
from sparkify.sources.spool import Spool

DAY = 86_400 * 10**9


def source(uri: str, size: int = 1, **more: object) -> SourceFile:
    """A source file of logs."""
    return SourceFile("events", uri, size, 0)._replace(**more)  # type: ignore[arg-type]  # names are checked by the tuple


def make(root: Path, *names: str) -> None:
    """Empty files below a folder."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(root: Path) -> list[str]:
    """What is discovered below a folder, relative to it."""
    files = folder.discover("events", str(root))
    return [Path(file.uri).relative_to(root).as_posix() for file in files]


def test_discovery_is_in_byte_order_of_paths(tmp_path: Path) -> None:
    """Folders and files come in the order of whole paths, which the ledger has too."""
    names = ["a-b.json", "a.json", "a/b.json", "a0.json", "a/b/c.json", "B.json"]
    names += ["é.json", "z.json", "a b.json", "a/ü/x.json", "\U0001f600.json"]
    make(tmp_path, *names)
    assert found(tmp_path) == sorted(names, key=str.encode)


NAMES = st.text(st.sampled_from("ab-./0Aé "), min_size=1, max_size=6)


@given(names=st.sets(NAMES.map(lambda name: name.replace("/", "/x") + ".json")))
def test_any_names_are_discovered_in_byte_order(
    tmp_path_factory: pytest.TempPathFactory, names: set[str]
) -> None:
    """Whatever the names, discovery and the ledger agree on the order."""
    root = tmp_path_factory.mktemp("names")
    usable = {n for n in names if not any(p.startswith(".") for p in n.split("/"))}
    usable = {n for n in usable if all(n.split("/"))}
    make(root, *usable)
    assert found(root) == sorted(usable, key=str.encode)


def test_hidden_files_and_other_names_are_no_data(tmp_path: Path) -> None:
    """Hidden files and folders, and names that do not end like JSON, are left out."""
    make(tmp_path, "a.json", "b.jsonl", "c/d.ndjson", "f.json.gz")
    make(tmp_path, ".a.json", ".git/b.json", "c/.d.json", "e.txt", "f.gz", "json")
    make(tmp_path, "_a.json", "_temporary/b.json", "log_json_path.json")
    assert found(tmp_path) == ["a.json", "b.jsonl", "c/d.ndjson", "f.json.gz"]


def test_one_file_is_a_source_too(tmp_path: Path) -> None:
    """A setting may name a file."""
    make(tmp_path, "a.json", "b.json")
    [file] = folder.discover("songs", str(tmp_path / "a.json"))
    assert (file.dataset, file.uri) == ("songs", str(tmp_path / "a.json"))


def test_links_are_followed(tmp_path: Path) -> None:
    """A link to a file or to a folder elsewhere is what it points to."""
    make(tmp_path, "else/a.json", "else/b.json", "root/c.json")
    (tmp_path / "root" / "folder").symlink_to(tmp_path / "else")
    (tmp_path / "root" / "a.json").symlink_to(tmp_path / "else" / "a.json")
    assert found(tmp_path / "root") == [
        "a.json",
        "c.json",
        "folder/a.json",
        "folder/b.json",
    ]


def test_link_to_a_folder_above_is_told(tmp_path: Path) -> None:
    """A link that would be followed for ever is an error that names it."""
    make(tmp_path, "a/b.json")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    with pytest.raises(SourceError, match=r"a/loop: is a link to a folder above"):
        found(tmp_path)


def test_missing_folder_is_told(tmp_path: Path) -> None:
    """A folder that is not there is an error that names it and the settings."""
    with pytest.raises(SourceError, match=r"none: cannot be read: .*LOG_DATA"):
        found(tmp_path / "none")


def test_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    """A name that no warehouse could hold is an error that shows it."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json")).touch()
    with pytest.raises(SourceError, match=r"\\udcff.*not valid UTF-8"):
        found(tmp_path)


PARTS = st.sampled_from(
    ["a", "/", ".", "_", "\n", ".json", ".json.gz", ".txt", "path", "JsonPaths", "é"]
)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("".join)


@given(st.lists(st.one_of(st.just("a/b.json"), PATHS), min_size=1, max_size=4))
def test_one_look_at_a_page_takes_nothing_that_is_no_data(paths: list[str]) -> None:
    """What is taken at once would be taken one by one."""
    if EVERYTHING.surely_takes_all(paths):
        for path in paths:
            assert EVERYTHING.takes("s3://b/" + path, path)
            assert not is_hidden(path)


def test_one_look_takes_a_page_of_songs() -> None:
    """And does so where it matters, so that not each name is looked at."""
    assert EVERYTHING.surely_takes_all([f"A/B/TR{n:05}.json" for n in range(1000)])


def test_batches_go_by_revision_dataset_day_and_uri() -> None:
    """New files before changed ones; songs before logs; then by day, then by URI."""
    files = [
        source("/x/2018-11-02-events.json"),
        source("/y/2018-11-01-events.json"),
        source("/x/2018-11-01-events.json"),
        source("/x/other.json", modified_at=17_836 * DAY),
        source("/x/2018-10-01-events.json", revision=1),
        source("/z/TRA.json", dataset="songs", modified_at=20_000 * DAY),
    ]
    assert [[f.uri for f in batch] for batch in batches(files, 1000)] == [
        [
            "/z/TRA.json",
            "/x/2018-11-01-events.json",
            "/x/other.json",
            "/y/2018-11-01-events.json",
            "/x/2018-11-02-events.json",
        ],
        ["/x/2018-10-01-events.json"],
    ]


def test_day_is_that_of_the_name_not_of_a_folder() -> None:
    """A date in a folder's name is no date of the file."""
    early = source("/2030-01-01/a.json", modified_at=DAY)
    late = source("/2001-01-01/2018-11-01.json")
    assert [list(b) for b in batches([late, early], 9)] == [[early, late]]


def test_days_are_utc() -> None:
    """A modification time falls on its UTC day."""
    assert day_of(DAY - 1) == "1970-01-01"
    assert day_of(DAY) == "1970-01-02"


FILES = st.lists(
    st.builds(
        source,
        st.integers(0, 99).map("/{:02}.json".format),
        st.integers(0, 50),
        dataset=st.sampled_from(["events", "songs"]),
        revision=st.integers(0, 2),
    ),
    unique_by=lambda file: file.uri,
)


@given(files=FILES, limit=st.integers(1, 100))
def test_batches_hold_every_file_once(files: list[SourceFile], limit: int) -> None:
    """A batch has one revision and at most the limit, but one file at least."""
    made = list(batches(files, limit))
    assert sorted(file for batch in made for file in batch) == sorted(files)
    for batch in made:
        assert len({file.revision for file in batch}) == 1
        assert len(batch) == 1 or sum(file.bytes for file in batch) <= limit
    revisions = [batch[0].revision for batch in made]
    assert revisions == sorted(revisions)


@given(files=FILES, limit=st.integers(1, 100))
def test_batches_do_not_depend_on_the_order_given(
    files: list[SourceFile], limit: int
) -> None:
    """The same files make the same batches."""
    assert list(batches(files, limit)) == list(batches(files[::-1], limit))


def extract(files: list[SourceFile], into: Path) -> join.Extracted:
    """What is made of files of this machine."""
    return join.extract(folder.read(files), Spool(into, 10**9))


def extracted(root: Path, spool: Path) -> tuple[list[SourceFile], bytes, list[int]]:
    """The files below a folder, their joined text, and the records of each."""
    files = list(folder.discover("events", str(root)))
    [joined], hashes, _ = extract(files, spool)
    assert list(joined.files) == files
    for file in files:
        assert hashes[file.uri] == sha256(Path(file.uri).read_bytes()).hexdigest()
    return files, Path(joined.path).read_bytes(), list(joined.records)


def test_small_files_are_joined_line_by_line(tmp_path: Path) -> None:
    """A file without a final newline does not run into the next; none has no record."""
    root, spool = tmp_path / "root", tmp_path / "spool"
    make(root, "c.json")
    spool.mkdir()
    (root / "a.json").write_bytes(b"{}\n{}")
    (root / "b.json").write_bytes(b"{}\r\n")
    _, text, records = extracted(root, spool)
    assert text == b"{}\n{}\n{}\r\n"
    assert records == [2, 1, 0]


def test_large_file_is_read_in_place(tmp_path: Path) -> None:
    """A file of a mebibyte or more is not copied."""
    path = tmp_path / "a.json"
    path.write_bytes(b"{}" + b" " * 1024 * 1024 + b"\n{}")
    [file] = folder.discover("events", str(tmp_path))
    [each], hashes, _ = extract([file], tmp_path)
    assert (each.path, each.records) == (str(path), (2,))
    assert hashes == {file.uri: join.hash_of(path.read_bytes())}
    folder.verify_unchanged([each])
    path.write_bytes(b"{}")
    with pytest.raises(SourceChanged):
        folder.verify_unchanged([each])


@pytest.mark.parametrize("size", [10, 1024 * 1024])
@pytest.mark.parametrize("more", [b"x", b""])
def test_file_that_changed_since_discovery_is_told(
    tmp_path: Path, size: int, more: bytes
) -> None:
    """A file that grew or shrank between discovery and reading is tried again later."""
    path = tmp_path / "a.json"
    path.write_bytes(b" " * size)
    files = list(folder.discover("events", str(tmp_path)))
    path.write_bytes(b" " * size + more if more else b"")
    with pytest.raises(SourceChanged, match=r"a\.json: changed while it was read"):
        extract(files, tmp_path)


def test_file_that_vanished_since_discovery_is_told(tmp_path: Path) -> None:
    """A file that is gone when it is read is told as such."""
    make(tmp_path, "a.json")
    files = list(folder.discover("events", str(tmp_path)))
    (tmp_path / "a.json").unlink()
    with pytest.raises(SourceChanged, match=r"a\.json: vanished"):
        extract(files, tmp_path)


def test_joined_inputs_are_about_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is much smaller than the others, and together they hold every file."""
    monkeypatch.setattr(join, "_JOINED_BYTES", 1000)
    root, spool = tmp_path / "root", tmp_path / "spool"
    root.mkdir()
    spool.mkdir()
    for number in range(29):
        (root / f"{number:02}.json").write_bytes(b"{}" * 49 + b"\n")
    files = list(folder.discover("events", str(root)))
    share = join.share_of(files)
    found = join.extract(folder.read(files), Spool(spool, 10**9), share)
    sizes = [sum(each.sizes) for each in found.inputs]
    assert sum(sizes) == 29 * 99
    assert len(sizes) == 2
    assert min(sizes) >= 1000
    assert max(sizes) - min(sizes) <= 200
