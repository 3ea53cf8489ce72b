"""A PostgreSQL to measure on, and the CPU that it takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from examples.postgres import OWNER, PASSWORD, Server

# For all sessions alike: with 4 MB, which is built in, every large step sorts on disk.
MEMORY = ("work_mem = '64MB'", "maintenance_work_mem = '256MB'")
NAME = "bench"


@contextmanager
def running() -> Iterator[Server]:
    """A server for the block."""
    server = Server()
    try:
        for setting in MEMORY:
            server.sql(f"alter system set {setting}")
        server.sql("select pg_reload_conf()")
        yield server
    finally:
        server.stop()


def renew(server: Server) -> None:
    """An empty database of NAME, and nothing left to write of the one before."""
    server.drop(NAME)
    server.sql(f"create database {NAME} template template0", "checkpoint")


def dsn(server: Server) -> str:
    """How libpq finds the database."""
    return (
        f"host=127.0.0.1 port={server.port} dbname={NAME} user={OWNER} "
        f"password={PASSWORD}"
    )


def section(server: Server) -> str:
    """The same for dwh.cfg."""
    return (
        f"[CLUSTER]\nHOST = 127.0.0.1\nDB_PORT = {server.port}\nDB_NAME = {NAME}\n"
        f"DB_USER = {OWNER}\nDB_PASSWORD = {PASSWORD}\n"
    )


def cpu_seconds(server: Server) -> float:
    """What the server has taken until now: its processes, and those that ended."""
    first = (server.folder / "data" / "postmaster.pid").read_text().split()[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile, and is counted with the first process
        parent, own, of_ended = fields[1], fields[11:13], fields[13:15]
        if stat.parent.name == first:
            ticks += sum(map(int, own + of_ended))
        elif parent == first:
            ticks += sum(map(int, own))
    return ticks / os.sysconf("SC_CLK_TCK")
