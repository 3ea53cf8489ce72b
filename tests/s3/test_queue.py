"""Messages of S3 wake a watcher; listing and ledger decide what is loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from s3.stores import BUCKET, SAMPLE, settings_for
from sparkify.errors import CheckFailed, SparkifyError, WarehouseBusy
from sparkify.pipeline import LoadResult, Pipeline
from sparkify.watch import clock, make_watcher
from sparkify.watch.queue import Queue, named
from sparkify.watch.watcher import Watcher

if TYPE_CHECKING:
    from s3.stores import Store
    from sparkify.config import Settings
    from sparkify.sources.files import SourceFile
    from sparkify.watch.watcher import Look

DAYS = sorted((SAMPLE / "log_data").rglob("*.json"))
KEY = "log_data/2018/11/2018-11-{:02}-events.json"


class Sqs:
    """A queue that the bucket tells of new objects, with a client of its own."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.client: Any = boto3.client(
            "sqs",
            endpoint_url=store.url,
            region_name="us-east-1",
            aws_access_key_id=store.key.name,
            aws_secret_access_key=store.key.secret,
        )
        # What is not deleted comes again after a second.
        attributes = {"VisibilityTimeout": "1"}
        # A watcher of the test before may listen to its own still.
        name = f"new-{uuid4().hex}"
        made = self.client.create_queue(QueueName=name, Attributes=attributes)
        self.url = made["QueueUrl"]
        arn = {"QueueArn": f"arn:aws:sqs:us-east-1:123456789012:{name}"}
        store.client.put_bucket_notification_configuration(
            Bucket=BUCKET,
            NotificationConfiguration={
                "QueueConfigurations": [arn | {"Events": ["s3:ObjectCreated:*"]}]
            },
        )
        self.queue = Queue(settings, self.url)
        # S3 sends a test of its own first.
        if test := self.queue.receive(1):
            self.queue.delete(test)

    def left(self) -> int:
        """Messages that are there, those that somebody reads among them."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(
            QueueUrl=self.url, AttributeNames=names
        )
        return sum(map(int, found["Attributes"].values()))


@pytest.fixture
def settings(moto_store: Store, tmp_path: Path) -> Settings:
    """A bucket with a day and a song, and a warehouse with tables."""
    moto_store.empty()
    moto_store.put(KEY.format(5), DAYS[0].read_bytes())
    song = next((SAMPLE / "song_data").rglob("*.json"))
    moto_store.put("song_data/A/TRA.json", song.read_bytes())
    found = settings_for(tmp_path, moto_store)
    Pipeline(found).create_tables()
    return found


@pytest.fixture
def sqs(moto_store: Store, settings: Settings) -> Iterator[Sqs]:
    """The queue, which tells of what comes from now on."""
    made = Sqs(moto_store, settings)
    yield made
    moto_store.client.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={}
    )
    made.client.delete_queue(QueueUrl=made.url)


def quiet_watcher(settings: Settings, sqs: Sqs) -> Watcher:
    """A watcher with no look due for an hour, after its first one."""
    hour = timedelta(hours=1)
    made = Watcher(
        Pipeline(settings), clock.every(3600), hour, lambda _: None, sqs.queue
    )
    made.look()
    return made


def loads_of(settings: Settings) -> object:
    """Loads in the warehouse."""
    pipeline = Pipeline(settings)
    with pipeline.engine.session(read_only=True):
        return pipeline.engine.query("select count(*) from control.loads")[0][0]


def heed(watcher: Watcher, sqs: Sqs) -> None:
    """What the watcher does with the messages that are there."""
    messages = sqs.queue.receive(1)
    assert messages
    watcher._heed(messages)


def test_message_wakes_the_watcher(
    moto_store: Store, settings: Settings, sqs: Sqs
) -> None:
    """Objects under any date are loaded at once, though no look is due."""
    moto_store.put(KEY.format(1), DAYS[1].read_bytes())
    looks: list[Look] = []

    def tell(look: Look) -> None:
        looks.append(look)
        if look.kind == "full":
            # New objects: one that is no data, one elsewhere, one with a blank.
            moto_store.put(
                "log_data/2018/11/2018-11-02 events.json", DAYS[2].read_bytes()
            )
            moto_store.put("log_data/2018/11/readme.txt", b"text")
            moto_store.put("elsewhere/2018-11-01.json", b"{}")
        elif sqs.left() == 0 or len(looks) > 20:
            watcher.stop()
        if any(each.kind == "named" and each.result.loads for each in looks):
            watcher.stop()

    watcher = make_watcher(
        replace(settings, events_queue=sqs.url), tell=tell, every="1h"
    )
    watcher.watch()
    assert looks[0].kind == "full"
    assert {look.kind for look in looks[1:]} == {"named"}
    loaded = [
        each.file.uri[-22:]
        for look in looks[1:]
        for load in look.result.loads
        for each in load.load.files
    ]
    assert loaded == ["2018-11-02 events.json"]
    assert not [look for look in looks if look.error]


@pytest.mark.parametrize(
    ("failure", "left"), [(WarehouseBusy("Busy."), 1), (CheckFailed("Rows."), 0)]
)
def test_message_is_kept_while_trying_again_helps(
    moto_store: Store,
    settings: Settings,
    sqs: Sqs,
    monkeypatch: pytest.MonkeyPatch,
    failure: SparkifyError,
    left: int,
) -> None:
    """After a transient fault it comes again; data that was refused is done with."""
    watcher = quiet_watcher(settings, sqs)
    moto_store.put(KEY.format(1), DAYS[1].read_bytes())

    def fails(*_: object) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(watcher.pipeline, "load", fails)
        heed(watcher, sqs)
    assert sqs.left() == left


def test_message_is_deleted_when_the_load_is_committed(
    moto_store: Store, settings: Settings, sqs: Sqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before: a crash in between leaves it to the next watcher."""
    watcher = quiet_watcher(settings, sqs)
    moto_store.put(KEY.format(1), DAYS[1].read_bytes())
    left: list[int] = []
    real = watcher.pipeline.load

    def load(batch: list[SourceFile], head: int) -> LoadResult:
        done = real(batch, head)
        left.append(sqs.left())
        return done

    monkeypatch.setattr(watcher.pipeline, "load", load)
    heed(watcher, sqs)
    assert left == [1]
    assert sqs.left() == 0


def test_message_of_what_is_not_there_loads_nothing(
    settings: Settings, sqs: Sqs
) -> None:
    """A message may be late, false or strange: it is a hint, and is done with."""
    bodies = [
        {
            "Records": [
                {"s3": {"bucket": {"name": BUCKET}, "object": {"key": KEY.format(9)}}}
            ]
        },
        {"Service": "Amazon S3", "Event": "s3:TestEvent"},
        {"Records": [{"s3": None}]},
        ["no object"],
    ]
    for body in bodies:
        sqs.client.send_message(QueueUrl=sqs.url, MessageBody=json.dumps(body))
    watcher = quiet_watcher(settings, sqs)
    heed(watcher, sqs)
    assert loads_of(settings) == 1
    assert sqs.left() == 0


RECORD = {"s3": {"bucket": {"name": "b"}, "object": {"key": "a+b/c%3D1.json"}}}
BRIDGE = {"detail": {"bucket": {"name": "b"}, "object": {"key": "a b/c=1.json"}}}


@pytest.mark.parametrize(
    "message",
    [
        {"Records": [RECORD]},
        {"Type": "Notification", "Message": json.dumps({"Records": [RECORD]})},
        BRIDGE,
    ],
    ids=["from S3", "through SNS", "of EventBridge"],
)
def test_object_is_found_in_a_message(message: dict[str, object]) -> None:
    """However it came; S3 encodes keys, EventBridge does not."""
    assert list(named(json.dumps(message))) == ["s3://b/a b/c=1.json"]


def test_queue_that_is_not_there_is_told(settings: Settings, sqs: Sqs) -> None:
    """It is no reason not to look by the clock."""
    looks: list[Look] = []

    def tell(look: Look) -> None:
        looks.append(look)
        if look.error:
            watcher.stop()

    queue = Queue(settings, sqs.url + "-none")
    watcher = Watcher(
        Pipeline(settings), clock.every(3600), timedelta(hours=1), tell, queue
    )
    watcher.watch()
    assert "check [S3] EVENTS_QUEUE" in str(looks[-1].error)
    assert looks[0].error is None
