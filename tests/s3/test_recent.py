"""Between full listings, a store is asked for what sorts after the recent names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from s3.stores import BUCKET, SAMPLE, settings_for
from sparkify.pipeline import Pipeline
from sparkify.sources import Sources
from sparkify.watch import clock
from sparkify.watch.watcher import Look, Watcher

if TYPE_CHECKING:
    from s3.stores import Store

KEY = "log_data/2018/{:02}/2018-{:02}-{:02}-events.json"
DAYS = sorted((SAMPLE / "log_data").rglob("*.json"))


def test_recent_objects_are_found(store: Store, tmp_path: Path) -> None:
    """New dates, new months, recent dates and songs that sort last; on both stores."""
    for day in range(1, 6):
        store.put(KEY.format(11, 11, day), DAYS[day].read_bytes())
    song = next((SAMPLE / "song_data").rglob("*.json")).read_bytes()
    store.put("song_data/A/B/TRA.json", song)
    settings = settings_for(tmp_path, store)
    Pipeline(settings).create_tables()
    looks: list[Look] = []
    hour = timedelta(hours=1)
    watcher = Watcher(Pipeline(settings), clock.every(1), hour, looks.append)
    assert len(watcher.look().result.loads) == 1
    late = KEY.format(11, 11, 1).replace("events", "late")
    new = [
        KEY.format(11, 11, 4).replace("events", "more"),
        KEY.format(11, 11, 6),
        KEY.format(12, 12, 1),
        "song_data/A/C/TRA.json",
    ]
    for number, key in enumerate([late, *new]):
        body = song if "song" in key else DAYS[7 + number].read_bytes()
        store.put(key, body)
    assert watcher.look().kind == "recent"
    [loaded] = watcher.pipeline.result.loads
    found = sorted(each.file.uri.split("/", 3)[3] for each in loaded.load.files)
    assert found == sorted(new)
    [rest] = Pipeline(settings).run().loads
    assert [each.file.uri for each in rest.load.files] == [f"s3://{BUCKET}/{late}"]


def test_listing_after_a_key_is_the_end_of_the_listing(
    store: Store, tmp_path: Path
) -> None:
    """From a key that is there, or behind all of them."""
    names = ["a/b.json", "a-b.json", "a.json", "a/c/d.json", "b/1.json", "b.json"]
    for name in names:
        store.put(f"song_data/{name}", b"{}")
    store.put("log_data/1.json", b"{}")
    sources = Sources(settings_for(tmp_path, store))
    place = f"s3://{BUCKET}/song_data"
    uris = [each.uri for each in sources.below("songs", place)]
    assert len(uris) == len(names)
    assert uris == sorted(uris)
    for start in ("a/c/d.json", "b/1.json", "c"):
        some = sources.below("songs", place, f"{place}/{start}")
        assert [each.uri for each in some] == [
            u for u in uris if u > f"{place}/{start}"
        ]
    assert list(sources.below("songs", place, f"{place}/z")) == []
