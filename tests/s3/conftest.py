"""One moto and one SeaweedFS for all tests, each with a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from examples.seaweed import ADMIN, READER, Key, seaweed

if TYPE_CHECKING:
    from s3.proxy import Proxy
    from s3.stores import Store


@pytest.fixture(scope="session")
def moto_store() -> Iterator[Store]:
    """Moto in this process: orders keys as S3 does, checks no signatures."""
    import logging

    from moto.server import ThreadedMotoServer

    from s3.stores import store_at

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    key = Key("testing", "testing")
    yield store_at(f"http://{host}:{port}", key, key)
    server.stop()


@pytest.fixture(scope="session")
def seaweed_store() -> Iterator[Store]:
    """SeaweedFS: checks signatures and rights, orders keys in its own way."""
    from s3.stores import BUCKET, store_at

    with seaweed(BUCKET) as server:
        yield store_at(server.url, ADMIN, READER)


@pytest.fixture(scope="session")
def session_proxy(seaweed_store: Store) -> Iterator[Proxy]:
    """A proxy in front of SeaweedFS."""
    from s3.proxy import proxy_of

    with proxy_of(seaweed_store.url) as proxy:
        yield proxy


@pytest.fixture
def proxy(session_proxy: Proxy) -> Iterator[Proxy]:
    """The proxy, without faults."""
    session_proxy.clear()
    yield session_proxy
    session_proxy.clear()


@pytest.fixture(autouse=True)
def quick_retries() -> Iterator[None]:
    """A run that is tried again does not wait."""
    import stamina

    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture(params=["moto", "seaweed"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each server in turn, with an empty bucket."""
    found: Store = request.getfixturevalue(f"{request.param}_store")
    found.empty()
    return found


@pytest.fixture
def quick_store(seaweed_store: Store) -> Store:
    """The quicker server, for what does not depend on it, with an empty bucket."""
    seaweed_store.empty()
    return seaweed_store


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small folder of logs and songs."""
    import shutil

    from s3.stores import SAMPLE

    songs = sorted((SAMPLE / "song_data").rglob("*.json"))[:12]
    logs = sorted((SAMPLE / "log_data").rglob("*.json"))[:4]
    for path in (*songs, *logs):
        target = tmp_path / "tree" / path.relative_to(SAMPLE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path / "tree"
