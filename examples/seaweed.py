"""SeaweedFS, an S3 server that checks signatures, on this machine alone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT = 60.0
_SERVICES = ("master", "volume", "filer", "s3", "admin", "webdav")
# The server runs listeners of RPC this far above each port.
_GRPC = 10_000


@dataclass(frozen=True)
class Key:
    """An access key of the server."""

    name: str
    secret: str


ADMIN = Key("demo-admin", "demo-admin-secret")
READER = Key("demo-reader", "demo-reader-secret")


class Server:
    """A server that runs, and may be killed and started again with what it holds."""

    def __init__(self, folder: Path, bucket: str) -> None:
        self._folder = folder
        self._ports = _free_ports()
        self._config = folder / "s3.json"
        self._config.write_text(json.dumps(_identities(bucket)), "utf-8")
        (folder / "data").mkdir()
        self.url = f"http://127.0.0.1:{self._ports['s3']}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                _command(self._folder, self._config, self._ports),
                cwd=self._folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"GOMEMLIMIT": "400MiB", "GOGC": "50"},
            )
        _wait(self.url, self._process, self._folder / "log")

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process, "it was not started"
        return self._process.pid

    def kill(self) -> None:
        """End it without a warning."""
        if self._process:
            self._process.kill()
            self._process.wait()


@contextmanager
def seaweed(bucket: str) -> Iterator[Server]:
    """A server for the block; READER may read and list `bucket` and nothing else."""
    folder = Path(tempfile.mkdtemp(prefix="sparkify-seaweed-"))
    server = Server(folder, bucket)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _command(folder: Path, config: Path, ports: dict[str, int]) -> list[str]:
    command = [
        str(Path(sys.executable).with_name("weed")),
        "mini",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={config}",
    ]
    for service, port in ports.items():
        command.append(f"-{service}.port={port}")
        if service != "webdav":
            command.append(f"-{service}.port.grpc={port + _GRPC}")
    return command


def _identities(bucket: str) -> dict[str, object]:
    def identity(key: Key, *actions: str) -> dict[str, object]:
        credentials = [{"accessKey": key.name, "secretKey": key.secret}]
        return {"name": key.name, "credentials": credentials, "actions": actions}

    return {
        "identities": [
            identity(ADMIN, "Admin", "Read", "Write", "List", "Tagging"),
            identity(READER, f"Read:{bucket}", f"List:{bucket}"),
        ]
    }


def _free_ports() -> dict[str, int]:
    """A port for each service, with the one above it for RPC free as well."""
    ports: dict[str, int] = {}
    while len(ports) < len(_SERVICES):
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            if port + _GRPC > 65_535 or port in ports.values():
                port = 20_000 + time.monotonic_ns() % 20_000
            try:
                other.bind(("127.0.0.1", port + _GRPC))
            except OSError:
                continue
            ports[_SERVICES[len(ports)]] = port
    return ports


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # our own server
                return
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"SeaweedFS did not start:\n{log.read_text()[-2000:]}")
