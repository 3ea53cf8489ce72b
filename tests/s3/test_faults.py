"""A store that fails: what helps is done again, else nothing is half loaded.

Each case strikes the second load of a warehouse. Either the run recovers, or it ends
with one sentence and leaves the warehouse as it was; then, without the fault, the next
run makes the star that a folder gives: nothing is lost, nothing twice.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3 import proxy as p
from s3.proxy import Answer
from s3.stores import BUCKET, SAMPLE, Store, ledger_of, load, settings_for, star_of
from sparkify.errors import PermanentError, SparkifyError, TransientError

if TYPE_CHECKING:
    from s3.proxy import Act, Fault, Proxy
    from s3.stores import Star
    from sparkify.config import Settings

DAY = "log_data/2018/11/2018-11-02-events.json"
BIG = "log_data/2018/11/2018-11-04-events.json"
SONG = "song_data/new/TRNEW.json"
LIST = r"list-type=2"
IMPATIENT = ["CONNECTIONS=4", "TIMEOUT=2s", "RETRY_FOR=0.25s"]
LONG = pytest.mark.long
SLOW = {
    "500 for ever",
    "503 while listing for ever",
    "closed without an answer",
    "no answer once",
    "slow body for ever",
    "truncated for ever",
}
OK = 0
PART = 64 * 1024
FAULTS: dict[str, tuple[Callable[[], Fault], int, str]] = {}
"""By name: what happens, how the run ends, and what it says then."""


def case(
    name: str,
    act: Act,
    ends: int,
    says: str = "",
    *,
    key: str = DAY,
    times: int = p.EVER,
    after: int = 0,
) -> None:
    """Add a case."""
    FAULTS[name] = lambda: p.Fault(act, key, times, after), ends, says


def _other_etag(answer: Answer) -> Answer:
    answer.headers = [
        (name, '"other"' if name.lower() == "etag" else value)
        for name, value in answer.headers
    ]
    return answer


def _login_page(_: Answer) -> Answer:
    return Answer(200, [("Content-Type", "text/html")], b"<html>Sign in</html>")


case("503 SlowDown once", p.says(503, "SlowDown"), OK, times=1)
case("503 SlowDown thrice", p.says(503, "SlowDown"), OK, times=3)
case("503 SlowDown for ever", p.says(503, "SlowDown"), 3, "busy or faulty (SlowDown)")
case("503 SlowDown while listing", p.says(503, "SlowDown"), OK, key=LIST, times=2)
case("503 while listing for ever", p.says(503, "SlowDown"), 3, "SlowDown", key=LIST)
case("500 InternalError once", p.says(500, "InternalError"), OK, times=1)
case("500 for ever", p.says(500, "InternalError"), 3, "(InternalError)")
case("502 from a gateway", p.says(502, "BadGateway"), OK, times=2)
case("429 too many requests", p.says(429, "TooManyRequests"), OK, times=2)
case("408 timeout at the store", p.says(408, "RequestTimeout"), OK, times=1)
case("400 RequestTimeout", p.says(400, "RequestTimeout"), OK, times=1)
case("reset once", p.resets, OK, times=1)
case("reset for ever", p.resets, 3, "connection broke")
case("reset while listing", p.resets, OK, key=LIST, times=1)
case("closed without an answer", p.drops, OK, times=2)
case("no answer once", p.hangs(1.0), OK, times=1)
case("no answer for ever", p.hangs(1.0), 3, "does not answer in time")
case("truncated once", p.truncates(0.5), OK, times=1)
case("truncated to nothing once", p.truncates(0.0), OK, times=1)
case("truncated for ever", p.truncates(0.1), 3, "connection broke")
case("large one truncated once", p.truncates(0.5), OK, key=BIG, times=1, after=1)
case("slow body once", p.trickles(0.02), OK, times=1)
case("slow body for ever", p.trickles(0.2), 3, "[S3] TIMEOUT")
case("song truncated", p.truncates(0.5), OK, key=SONG, times=1)
case("song throttled", p.says(503, "SlowDown"), OK, key=SONG, times=2)
case("AccessDenied on one object", p.says(403, "AccessDenied"), 2, "grant s3:GetObject")
case(
    "AccessDenied while listing",
    p.says(403, "AccessDenied"),
    2,
    "grant s3:ListBucket",
    key=LIST,
)
case("403 without a word", p.says(403, ""), 2, "access is denied")
case("archived object", p.says(403, "InvalidObjectState"), 2, "is archived")
case("ExpiredToken once", p.says(400, "ExpiredToken"), OK, times=1)
case("ExpiredToken for ever", p.says(400, "ExpiredToken"), 2, "have expired")
case(
    "ExpiredToken in between",
    p.says(400, "ExpiredToken"),
    2,
    "expired",
    key=BIG,
    after=1,
)
case("clock skew", p.says(403, "RequestTimeTooSkewed"), 2, "clock of this machine")
case("bad signature", p.says(403, "SignatureDoesNotMatch"), 2, "secret does not fit")
case("unknown key", p.says(403, "InvalidAccessKeyId"), 2, "not know the access key")
case("wrong region", p.says(301, "PermanentRedirect"), 2, "set [S3] REGION")
case("other region", p.says(400, "AuthorizationHeaderMalformed"), 2, "[S3] REGION")
case("unknown refusal", p.says(400, "KMS.DisabledException"), 2, "refuses to read it")
case("404 once", p.says(404, "NoSuchKey"), OK, times=1)
case("404 for ever", p.says(404, "NoSuchKey"), 3, "vanished")
case("bucket gone", p.says(404, "NoSuchBucket"), 2, "no such bucket", key=LIST)
case("listing truncated once", p.truncates(0.5), OK, key=LIST, times=1)
case("listing truncated for ever", p.truncates(0.5), 3, "connection broke", key=LIST)
case("listing that is none", p.changes(_login_page), 2, "no objects", key=LIST)
case("object that is none", p.changes(_login_page), 3, "was replaced")
case("412 once", p.says(412, "PreconditionFailed"), OK, times=1)
case("412 for ever", p.says(412, "PreconditionFailed"), 3, "was replaced")
case("other ETag once", p.changes(_other_etag), OK, times=1)
case("other ETag for ever", p.changes(_other_etag), 3, "was replaced")


@dataclass
class Scene:
    """A store behind a proxy; a warehouse with the first load; what is to come."""

    store: Store
    proxy: Proxy
    settings: Settings
    tree: Path

    def expected(self, tmp_path: Path) -> Star:
        """The star of a folder with the same files."""
        logs, songs = str(self.tree / "log_data"), str(self.tree / "song_data")
        settings = settings_for(tmp_path / "same", None, logs=logs, songs=songs)
        load(settings)
        return star_of(settings)


@pytest.fixture(scope="module")
def first(
    seaweed_store: Store, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Store, Star]:
    """A warehouse with the first day, the tree with the others, and its star."""
    folder = tmp_path_factory.mktemp("faults")
    tree = folder / "tree"
    for path in (
        *sorted((SAMPLE / "log_data").rglob("*.json"))[:1],
        *sorted((SAMPLE / "song_data").rglob("*.json"))[:3],
    ):
        target = tree / path.relative_to(SAMPLE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    seaweed_store.empty()
    seaweed_store.upload(tree)
    settings = settings_for(folder / "s3", seaweed_store)
    load(settings)
    days = sorted((SAMPLE / "log_data").rglob("*.json"))
    (tree / DAY).write_bytes(days[1].read_bytes())
    (tree / BIG).write_bytes((days[3].read_bytes() + b"\n") * 20)
    (tree / SONG).parent.mkdir()
    shutil.copy(sorted((SAMPLE / "song_data").rglob("*.json"))[5], tree / SONG)
    seaweed_store.upload(tree)
    scene = Scene(seaweed_store, p.Proxy("", ""), settings, tree)
    return (
        folder / "s3" / "warehouse.duckdb",
        tree,
        seaweed_store,
        scene.expected(folder),
    )


@pytest.fixture
def scene(
    first: tuple[Path, Path, Store, Star],
    proxy: Proxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Scene:
    """The first load done, the second one pending, and the proxy in between."""
    warehouse, tree, store, _ = first
    monkeypatch.setattr("sparkify.sources.s3.JOIN_BELOW", PART)
    monkeypatch.setattr("sparkify.sources.s3._PART", PART)
    settings = settings_for(tmp_path / "s3", store.through(proxy.url), s3=IMPATIENT)
    shutil.copy(warehouse, settings.path)
    return Scene(store, proxy, settings, tree)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=LONG if n in SLOW else ()) for n in FAULTS]
)
def test_nothing_is_lost_and_nothing_twice(
    name: str, scene: Scene, first: tuple[Path, Path, Store, Star]
) -> None:
    """See above."""
    make, ends, says = FAULTS[name]
    scene.proxy.faults.append(make())
    before = ledger_of(scene.settings)
    if ends == OK:
        load(scene.settings)
        assert scene.proxy.faults[0].seen > 1, "the fault struck nobody"
    else:
        error = _fails(scene.settings, ends)
        assert says in str(error)
        assert str(error).startswith(f"s3://{BUCKET}/")
        assert "\n" not in str(error)
        assert scene.store.key.name not in str(error)
        assert ledger_of(scene.settings) == before
        scene.proxy.clear()
        load(scene.settings)
    assert star_of(scene.settings) == first[3]
    assert not list(scene.settings.path.parent.glob("sparkify-spool-*"))


def _fails(settings: Settings, code: int) -> SparkifyError:
    with pytest.raises(SparkifyError) as caught:
        load(settings)
    assert caught.value.exit_code == code
    kind = TransientError if code == 3 else PermanentError
    assert isinstance(caught.value, kind)
    return caught.value


def test_there_are_cases_enough() -> None:
    """Issue 4 asks for 25."""
    assert len(FAULTS) >= 25


def test_an_object_that_is_deleted_meanwhile(scene: Scene, tmp_path: Path) -> None:
    """The others load; what is gone is gone."""
    gone = p.Fault(p.meanwhile(lambda: scene.store.delete(DAY)), DAY, times=1)
    scene.proxy.faults.append(gone)
    try:
        load(scene.settings)
        kept = (scene.tree / DAY).rename(tmp_path / "kept")
        assert star_of(scene.settings) == scene.expected(tmp_path)
        kept.rename(scene.tree / DAY)
    finally:
        scene.store.put(DAY, (scene.tree / DAY).read_bytes())


def test_an_object_that_is_replaced_meanwhile(scene: Scene, tmp_path: Path) -> None:
    """The new version is loaded, whole; the old one never."""
    old = (scene.tree / DAY).read_bytes()
    new = b"".join(old.splitlines(keepends=True)[3:])
    fault = p.Fault(p.meanwhile(lambda: scene.store.put(DAY, new)), DAY, times=1)
    scene.proxy.faults.append(fault)
    try:
        load(scene.settings)
        (scene.tree / DAY).write_bytes(new)
        assert star_of(scene.settings) == scene.expected(tmp_path)
        assert [row[1] for row in ledger_of(scene.settings) if row[0] == DAY] == [0]
    finally:
        (scene.tree / DAY).write_bytes(old)
        scene.store.put(DAY, old)


@pytest.mark.parametrize("after", [0, 1])
def test_parts_of_two_versions_never_mix(
    scene: Scene, tmp_path: Path, after: int
) -> None:
    """A large object is replaced between two of its parts, by one as long."""
    old = (scene.tree / BIG).read_bytes()
    new = old.replace(b'"PUT"', b'"GET"')
    assert len(new) == len(old) > 2 * PART
    fault = p.Fault(
        p.meanwhile(lambda: scene.store.put(BIG, new)), BIG, times=1, after=after
    )
    scene.proxy.faults.append(fault)
    try:
        load(scene.settings)
        (scene.tree / BIG).write_bytes(new)
        assert star_of(scene.settings) == scene.expected(tmp_path)
    finally:
        (scene.tree / BIG).write_bytes(old)
        scene.store.put(BIG, old)


def test_an_object_that_is_truncated_and_replaced(scene: Scene, tmp_path: Path) -> None:
    """The rest of a broken body is asked for under the ETag of its beginning."""
    old = (scene.tree / DAY).read_bytes()
    new = old.replace(b'"PUT"', b'"GET"')

    def cut(answer: Answer) -> Answer:
        scene.store.put(DAY, new)
        answer.send = len(answer.body) // 2
        return answer

    scene.proxy.faults.append(p.Fault(p.changes(cut), DAY, times=1))
    try:
        load(scene.settings)
        (scene.tree / DAY).write_bytes(new)
        assert star_of(scene.settings) == scene.expected(tmp_path)
    finally:
        (scene.tree / DAY).write_bytes(old)
        scene.store.put(DAY, old)


def test_a_store_that_is_not_there(scene: Scene, tmp_path: Path) -> None:
    """Nobody listens."""
    store = scene.store.through("http://127.0.0.1:9")
    settings = settings_for(tmp_path / "gone", store, s3=IMPATIENT)
    shutil.copy(scene.settings.path, settings.path)
    began = time.monotonic()
    error = _fails(settings, 3)
    assert str(error).startswith(f"s3://{BUCKET}/log_data: the store cannot be reached")
    assert time.monotonic() - began < 10


def test_earlier_batches_stay(scene: Scene) -> None:
    """A load that fails undoes itself alone."""
    settings = settings_for(
        scene.settings.path.parent,
        scene.store.through(scene.proxy.url),
        s3=IMPATIENT,
        load=["BATCH_BYTES=60KB"],
    )
    scene.proxy.faults.append(p.Fault(p.says(403, "AccessDenied"), BIG))
    before = len(ledger_of(settings))
    _fails(settings, 2)
    assert len(ledger_of(settings)) == before + 2
