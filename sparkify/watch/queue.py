"""Messages of S3 through SQS: they say when to look and at which objects, no more.

What is loaded, listing and ledger decide; a message is deleted when that is committed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from sparkify.config import Settings
from sparkify.errors import ConfigError, SourceError, SparkifyError, TransientError
from sparkify.sources import aws

_MOST = 1000
_WAIT_SECONDS = 20
_PAUSE_SECONDS = 30.0


@dataclass(frozen=True)
class Messages:
    """Some that came together: the objects they name, and how to delete them."""

    uris: frozenset[str]
    receipts: tuple[str, ...]


class Queue:
    """A queue of SQS. Every method raises SparkifyError."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._url = url
        self._client = _client(settings, url)
        self._arrived: SimpleQueue[Messages | SparkifyError] = SimpleQueue()
        self._is_waiting = True

    def listen(self, ring: Callable[[], None]) -> None:
        """Wait for messages aside, and ring when there are some."""
        Thread(target=self._listen, args=[ring], daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._is_waiting = False

    def arrived(self) -> Messages | None:
        """Messages that came since it was asked; raises what keeps them from coming."""
        if self._arrived.empty():
            return None
        found = self._arrived.get()
        if isinstance(found, SparkifyError):
            raise found
        return found

    def delete(self, messages: Messages) -> None:
        """What they told of is done."""
        receipts = messages.receipts
        for first in range(0, len(receipts), 10):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt}
                for number, receipt in enumerate(receipts[first : first + 10])
            ]
            self._ask("delete_message_batch", Entries=entries)

    def receive(self, seconds: int = _WAIT_SECONDS) -> Messages | None:
        """Wait so long for messages; those that come with the first, at most 1,000."""
        uris: set[str] = set()
        receipts: list[str] = []
        while len(receipts) < _MOST:
            answer = self._ask(
                "receive_message",
                MaxNumberOfMessages=10,
                WaitTimeSeconds=0 if receipts else seconds,
            )
            found = answer.get("Messages", [])
            if not found:
                break
            for message in found:
                uris.update(named(message["Body"]))
                receipts.append(message["ReceiptHandle"])
        return Messages(frozenset(uris), tuple(receipts)) if receipts else None

    def _listen(self, ring: Callable[[], None]) -> None:
        while self._is_waiting:
            try:
                messages = self.receive()
            except SparkifyError as error:
                self._arrived.put(error)
                ring()
                time.sleep(_PAUSE_SECONDS)
            else:
                if messages:
                    self._arrived.put(messages)
                    ring()

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, operation)(
                QueueUrl=self._url, **parameters
            )
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            kind = TransientError if status >= 500 else SourceError
            raise kind(_sentence(self._url, error)) from None
        except BotoCoreError as error:
            raise TransientError(_sentence(self._url, error)) from None
        return answer


def named(body: str) -> Iterator[str]:
    """The objects that a message tells of: from S3, through SNS, or of EventBridge."""
    try:
        message = json.loads(body)
        if "Message" in message:
            message = json.loads(message["Message"])
        if "detail" in message:
            detail = message["detail"]
            yield f"s3://{detail['bucket']['name']}/{detail['object']['key']}"
        for record in message.get("Records", []):
            told = record["s3"]
            key = unquote_plus(told["object"]["key"])
            yield f"s3://{told['bucket']['name']}/{key}"
    except (ValueError, TypeError, KeyError, AttributeError):
        # A message that is none of S3's, such as its own test, names nothing.
        return


def _client(settings: Settings, url: str) -> Any:
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise ConfigError(
            "[S3] EVENTS_QUEUE and --sqs need boto3: `pip install 'sparkify-elt[aws]'`."
        ) from None
    place = urlsplit(url)
    host = (place.hostname or "").split(".")
    region = host[1] if host[0] == "sqs" and len(host) > 2 else ""
    try:
        session = boto3.Session(
            profile_name=settings.aws_profile or None, **aws.keys(settings)
        )
        return session.client(
            "sqs",
            endpoint_url=f"{place.scheme}://{place.netloc}",
            region_name=region or settings.s3_region or settings.aws_region or None,
        )
    except BotoCoreError as error:
        raise ConfigError(_sentence(url, error)) from None


def _sentence(url: str, error: Exception) -> str:
    return f"{url}: {aws.told(error)}; check [S3] EVENTS_QUEUE and the rights to it."
