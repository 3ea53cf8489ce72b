"""A bucket gives what a folder gives, on every server."""

from __future__ import annotations

import bz2
import gzip
import random
import re
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backports import zstd

from s3.stores import BUCKET, SAMPLE, Store, ledger_of, load, settings_for, star_of
from sparkify.errors import SourceError
from sparkify.pipeline import Pipeline
from sparkify.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sparkify.config import Settings

LOG = "log_data/2018/11/2018-11-01-events.json"


def folder_settings(folder: Path, tree: Path) -> Settings:
    """The same from a folder."""
    return settings_for(
        folder, None, logs=str(tree / "log_data"), songs=str(tree / "song_data")
    )


def same_as_folder(tmp_path: Path, store: Store, tree: Path) -> Settings:
    """Load `tree` from the store and from the folder; both have to be alike."""
    store.upload(tree)
    remote = settings_for(tmp_path / "s3", store)
    local = folder_settings(tmp_path / "folder", tree)
    load(remote)
    load(local)
    assert star_of(remote) == star_of(local)
    assert ledger_of(remote) == ledger_of(local)
    return remote


def uris(settings: Settings) -> list[str]:
    """What is discovered, without the bucket."""
    return [f.uri.removeprefix(f"s3://{BUCKET}/") for f in Sources(settings).discover()]


def test_gives_the_star_of_the_folder(tmp_path: Path, store: Store, tree: Path) -> None:
    """Row for row; and the next run has nothing to do."""
    settings = same_as_folder(tmp_path, store, tree)
    assert load(settings).run().loads == []


def test_gives_the_star_of_the_whole_sample(
    tmp_path: Path, seaweed_store: Store
) -> None:
    """All 330 files, from a server that checks signatures."""
    seaweed_store.empty()
    same_as_folder(tmp_path, seaweed_store, SAMPLE)


def test_a_prefix_is_a_folder(tmp_path: Path, quick_store: Store, tree: Path) -> None:
    """What only begins like it is another one."""
    quick_store.upload(tree / "log_data", "log_data_backup/")
    quick_store.upload(tree / "log_data", "log_data.old/")
    same_as_folder(tmp_path, quick_store, tree)


def test_what_is_no_data_is_left_out(tmp_path: Path, store: Store, tree: Path) -> None:
    """Hidden objects, markers, JSONPaths, manifests, empty and other files."""
    for key in (
        "log_data/.hidden.json",
        "log_data/_temporary/0/part.json",
        "log_data/2018/.x/y.json",
        "log_data/2018/_SUCCESS",
        "log_data/log_json_path.json",
        "log_data/jsonpaths.json",
        "log_data/events_jsonpath.json",
        "log_data/run.manifest.json",
        "log_data/manifest.json",
        "log_data/readme.txt",
        "log_data/columns.json",
    ):
        store.put(key, b'{"jsonpaths": []}')
    store.put("log_data/", b"")
    store.put("log_data/2018/", b"")
    store.put("log_data/2018/empty.json", b"")
    store.upload(tree)
    settings = settings_for(
        tmp_path, store, s3=[f"LOG_JSONPATH='s3://{BUCKET}/log_data/columns.json'"]
    )
    wanted = sorted(p.relative_to(tree).as_posix() for p in tree.rglob("*.json"))
    assert uris(settings) == wanted


def test_keys_come_in_byte_order(tmp_path: Path, store: Store) -> None:
    """Whatever the server's own order is."""
    keys = ["a-b.json", "a.json", "a/b.json", "a0.json", "B.json", "é.json", "z.json"]
    for key in keys:
        store.put(f"song_data/{key}", b"{}")
    store.put("log_data/x.json", b"{}")
    found = uris(settings_for(tmp_path, store))[1:]
    assert found == sorted(found, key=str.encode)
    assert len(found) == len(keys)


def test_odd_keys_are_read(tmp_path: Path, store: Store, tree: Path) -> None:
    """Blanks, signs, other scripts."""
    source = next((tree / "song_data").rglob("*.json"))
    for name in ("a b", "a+b", "a%20b", "ä€😀", "a&b=c", "#1?", "[x]*", "q'q", "~t"):
        shutil.copy(source, tree / "song_data" / f"{name}.json")
    same_as_folder(tmp_path, store, tree)


def test_a_key_that_cannot_be_read_is_named(tmp_path: Path, moto_store: Store) -> None:
    """Never left out in silence."""
    moto_store.empty()
    moto_store.put("log_data/x//y.json", b"{}")
    moto_store.put("song_data/y.json", b"{}")
    with pytest.raises(SourceError, match=f"^s3://{BUCKET}/log_data/x//y.json: keys"):
        uris(settings_for(tmp_path, moto_store))
    moto_store.empty()


def test_many_pages_are_listed(tmp_path: Path, seaweed_store: Store) -> None:
    """A page has 1,000 keys."""
    from concurrent.futures import ThreadPoolExecutor

    seaweed_store.empty()
    seaweed_store.put("log_data/x.json", b"{}")
    keys = [f"song_data/{number:04}.json" for number in range(1203)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: seaweed_store.put(key, b"{}"), keys))
    assert uris(settings_for(tmp_path, seaweed_store))[1:] == keys


def test_compression_is_known_by_its_first_bytes(
    tmp_path: Path, store: Store, tree: Path
) -> None:
    """Names lie; members may follow each other; small and large."""
    day = (tree / LOG).read_bytes() + b"\n"
    half = day.index(b"\n", len(day) // 2) + 1
    folder = tree / "log_data"
    for name, data in {
        "g.json": gzip.compress(day),
        "g2.json.gz": gzip.compress(day[:half]) + gzip.compress(day[half:]) + b"\0" * 9,
        "z.json.bz2": zstd.compress(day),
        "z2.json.zst": zstd.compress(day[:half]) + zstd.compress(day[half:]),
        "b.json": bz2.compress(day),
        "b2.json.bz2": bz2.compress(day[:half]) + bz2.compress(day[half:]),
        "plain.json.gz": day,
        "no-newline.json.gz": gzip.compress(day.rstrip(b"\n")),
        "large-plain.json.gz": day * 12,
        "large.json": gzip.compress(day * 12, 0),
    }.items():
        (folder / name).write_bytes(data)
    settings = same_as_folder(tmp_path, store, tree)
    lines = day.count(b"\n")
    for uri, _, _, records, staged in ledger_of(settings):
        if str(uri).startswith("log_data/") and "2018" not in str(uri):
            assert records == staged == lines * (12 if "large" in str(uri) else 1)


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    # With the checksum that the command `zstd` writes; Python's leaves it out.
    "zstd": partial(
        zstd.compress, options={zstd.CompressionParameter.checksum_flag: 1}
    ),
}


def damaged(kind: str, plain: bytes) -> Iterator[bytes]:
    """Compressed data that are cut, and data that are overwritten in the middle."""
    whole = COMPRESS[kind](plain)
    middle = len(whole) // 2
    yield whole[:-20]
    yield whole[:middle] + bytes(64) + whole[middle + 64 :]


def test_damaged_files_are_refused_alone(
    tmp_path: Path, store: Store, tree: Path
) -> None:
    """The others load; what is refused is told once, and read again if it changes."""
    day = (tree / LOG).read_bytes()
    sound = same_as_folder(tmp_path / "sound", store, tree)
    noise = random.Random(7).randbytes(1_500_000).hex().encode()  # noqa: S311  # no secret
    plains = {"small": day * 20, "large": b'{"x": "' + noise + b'"}\n' + day}
    bad = {
        f"log_data/2018/11/2018-11-03-{kind}-{size}-{number}.json": data
        for kind in COMPRESS
        for size, plain in plains.items()
        for number, data in enumerate(damaged(kind, plain))
    }
    for key, data in bad.items():
        (tree / key).write_bytes(data)
    settings = same_as_folder(tmp_path, store, tree)
    assert star_of(settings) == star_of(sound)

    asked = Pipeline(settings)
    with asked.engine.session(read_only=True):
        refused = asked.engine.query(
            "select uri, records from control.load_files where status = 'refused'"
        )
        attempts = asked.engine.query("select error, message from control.attempts")
    assert sorted(refused) == [(f"s3://{BUCKET}/{key}", 0) for key in sorted(bad)]
    [(error, message)] = attempts
    assert error == "FilesRefused"
    assert re.match(
        rf"s3://{BUCKET}/\S+ and 11 more file\(s\): refused, its \w+ data", str(message)
    )

    assert load(settings).result.loads == []
    again = Pipeline(settings)
    again.run(retry_refused=True)
    assert len(again.result.refused) == len(bad)
    mended = next(iter(bad))
    store.put(mended, gzip.compress(day))
    result = load(settings).result
    assert [each.file.uri for loaded in result.loads for each in loaded.load.files] == [
        f"s3://{BUCKET}/{mended}"
    ]
    assert not result.refused


def test_a_batch_of_nothing_but_damage(tmp_path: Path, tree: Path) -> None:
    """There is nothing to load; it is recorded all the same."""
    settings = folder_settings(tmp_path / "folder", tree)
    load(settings)
    (tree / "log_data" / "z.json").write_bytes(gzip.compress(b"{}")[:-3])
    assert len(load(settings).result.refused) == 1
    assert load(settings).result.loads == []


def test_a_large_object_comes_in_parts(
    tmp_path: Path, store: Store, tree: Path
) -> None:
    """Put together in order, with the same hash."""
    day = (tree / LOG).read_bytes() + b"\n"
    (tree / LOG).write_bytes(day * (9_000_000 // len(day)))
    same_as_folder(tmp_path, store, tree)


def test_a_replaced_object_is_a_new_revision(
    tmp_path: Path, store: Store, tree: Path
) -> None:
    """Known by its ETag; the same bytes again are no new version."""
    settings = same_as_folder(tmp_path, store, tree)
    store.put(LOG, (tree / LOG).read_bytes())
    assert load(settings).run().loads == []
    lines = (tree / LOG).read_bytes().splitlines(keepends=True)
    store.put(LOG, b"".join(lines[:5]))
    load(settings)
    assert [row[1] for row in ledger_of(settings) if row[0] == LOG] == [0, 1]


def test_broken_records_meet_the_same_end(
    tmp_path: Path, store: Store, tree: Path
) -> None:
    """The strict reader reads what was read before, not the store once more."""
    day = (tree / LOG).read_bytes()
    (tree / LOG).write_bytes(day + b'{"ts": tru\n' + day[:200] + b"\n")
    small = next((tree / "song_data").rglob("*.json"))
    small.write_bytes(small.read_bytes() + b"nonsense")
    (tree / "log_data" / "z.json").write_bytes(gzip.compress(b'{"ts": 1} x\n' + day))
    settings = same_as_folder(tmp_path, store, tree)
    assert sum(int(str(row[3])) - int(str(row[4])) for row in ledger_of(settings)) > 3


def test_patterns_choose(tmp_path: Path, quick_store: Store, tree: Path) -> None:
    """By name, or by the path below the location; EXCLUDE wins."""
    quick_store.upload(tree)
    settings = settings_for(
        tmp_path,
        quick_store,
        s3=["INCLUDE=*-0[12]-events.json, A/A/*", "EXCLUDE=*-02-*"],
    )
    found = uris(settings)
    assert found[0] == LOG
    assert all(uri.startswith("song_data/A/A/") for uri in found[1:])
    assert len(found) == 13


def test_a_location_may_be_one_object(
    tmp_path: Path, quick_store: Store, tree: Path
) -> None:
    """As it may be one file."""
    quick_store.upload(tree)
    settings = settings_for(tmp_path, quick_store, logs=f"s3://{BUCKET}/{LOG}")
    assert uris(settings)[0] == LOG
    assert len(uris(settings)) == 13


def test_a_location_may_be_a_bucket(
    tmp_path: Path, quick_store: Store, tree: Path
) -> None:
    """With a pattern for what is wanted."""
    quick_store.upload(tree)
    settings = settings_for(
        tmp_path, quick_store, logs=f"s3://{BUCKET}/", s3=["EXCLUDE=song_data/*"]
    )
    assert sum(uri.startswith("log_data/") for uri in uris(settings)) == 4


@pytest.mark.parametrize("location", ["nothing", "log_dat", "log_data/*.json"])
def test_a_prefix_without_objects_is_an_error(
    tmp_path: Path, quick_store: Store, tree: Path, location: str
) -> None:
    """It is a slip of the pen more often than not."""
    quick_store.upload(tree)
    settings = settings_for(tmp_path, quick_store, logs=f"s3://{BUCKET}/{location}")
    with pytest.raises(SourceError, match="there are no objects"):
        uris(settings)


def test_a_bucket_that_is_none_is_an_error(tmp_path: Path, store: Store) -> None:
    """Its name is told."""
    settings = settings_for(tmp_path, store, logs="s3://no-such-bucket-here/x")
    with pytest.raises(SourceError, match=r"^s3://no-such-bucket-here/x: "):
        uris(settings)


def test_logs_and_songs_may_lie_apart(
    tmp_path: Path, quick_store: Store, tree: Path
) -> None:
    """One in a bucket, one in a folder."""
    quick_store.upload(tree)
    mixed = settings_for(tmp_path / "a", quick_store, songs=str(tree / "song_data"))
    local = folder_settings(tmp_path / "b", tree)
    load(mixed)
    load(local)
    assert star_of(mixed) == star_of(local)
