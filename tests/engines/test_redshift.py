"""What Redshift alone does: it copies from S3, verifies what it read, waits, retries.

That its star is the same as on the other engines, the suites of a warehouse show.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2
import pytest
import redshift
from conftest import DEFAULTS, make_warehouse

from sparkify.engines import redshift as engine_of_redshift
from sparkify.engines import redshift_copy
from sparkify.engines.redshift import Redshift
from sparkify.engines.redshift_copy import quoted
from sparkify.errors import (
    ConfigError,
    SourceChanged,
    TransientError,
    WarehouseBusy,
    WarehouseError,
)
from sparkify.models import load_models
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from conftest import Warehouse
    from s3.stores import Store

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    bool(redshift.DSN), reason="looks behind the test server"
)


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """A run that is tried again does not wait; no fault is left behind."""
    import stamina

    with stamina.set_testing(True, attempts=2, cap=True):
        yield
    redshift.server().faults.clear()


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """An empty warehouse whose sources are in S3."""
    made = make_warehouse(tmp_path / "warehouse", "redshift")
    place = f"s3://{redshift.bucket()}/{uuid4().hex}"
    settings = replace(
        made.settings, log_data=f"{place}/logs", song_data=f"{place}/songs"
    )
    _use(made, settings)
    put(made, "songs", "a.json", {})
    put_bytes(made, "logs", "_folder", b"")
    yield made
    made.remove()


def _use(warehouse: Warehouse, settings: Any) -> None:
    warehouse.settings = settings
    warehouse.pipeline = Pipeline(settings)


def change(warehouse: Warehouse, **settings: object) -> None:
    """Configure it otherwise."""
    _use(warehouse, replace(warehouse.settings, **settings))  # type: ignore[arg-type]  # as named


def put(warehouse: Warehouse, dataset: str, name: str, *rows: object) -> str:
    """Write an object of rows, each a mapping or a line; its address."""
    kind = {"logs": "events", "songs": "songs"}[dataset]
    lines = (
        row if isinstance(row, str) else json.dumps(DEFAULTS[kind] | row)  # type: ignore[operator]  # a mapping
        for row in rows
    )
    return put_bytes(
        warehouse, dataset, name, "".join(f"{x}\n" for x in lines).encode()
    )


def put_bytes(warehouse: Warehouse, dataset: str, name: str, content: bytes) -> str:
    """Write an object; its address."""
    settings = warehouse.settings
    below = settings.log_data if dataset == "logs" else settings.song_data
    uri = f"{below}/{name}"
    store().put(uri.split("/", 3)[3], content)
    return uri


def store() -> Store:
    """The S3 server."""
    return redshift.store()


def items(count: int, start: int = 0) -> list[dict[str, object]]:
    """Events, each another one."""
    return [{"itemInSession": start + n} for n in range(count)]


def staged(warehouse: Warehouse) -> int:
    """How many events there are."""
    [(found,)] = warehouse.query("select count(*) from staging.events")
    assert isinstance(found, int)
    return found


def sent(text: str, warehouse: Warehouse) -> list[str]:
    """The statements with this text that this warehouse was sent."""
    database = warehouse.settings.db_name
    found = redshift.server().statements.matching(text)
    return [each.sql for each in found if each.database == database]


def spooled() -> list[str]:
    """The keys below SPOOL."""
    pages = store().client.get_paginator("list_objects_v2")
    return [
        each["Key"]
        for page in pages.paginate(Bucket=redshift.bucket(), Prefix="spool/")
        for each in page.get("Contents", [])
    ]


LARGE = 3500
"""So many events take more than a megabyte, and are read where they lie."""


# -- the whole of it


def test_classic_configuration_loads_the_shared_data(
    tmp_path: Path, real_data: Path
) -> None:
    """With [CLUSTER], [IAM_ROLE] and [S3] alone, the scripts give the right values."""
    name, place = redshift.database(), f"s3://{redshift.bucket()}/{uuid4().hex}"
    store().upload(real_data, place.split("/", 3)[3] + "/")
    server = redshift.server()
    (tmp_path / "dwh.cfg").write_text(
        f"[CLUSTER]\nHOST={server.host}\nDB_NAME={name}\nDB_USER={server.user}\n"
        f"DB_PASSWORD={server.password}\nDB_PORT={server.port}\n\n"
        f"[IAM_ROLE]\nARN='{redshift.ROLE}'\n\n"
        f"[S3]\nLOG_DATA='{place}/log_data'\n"
        f"LOG_JSONPATH='{place}/log_json_path.json'\nSONG_DATA='{place}/song_data'\n"
    )
    paths = [f"$['{key}']" for key in event_keys()]
    key = f"{place}/log_json_path.json".split("/", 3)[3]
    store().put(key, json.dumps({"jsonpaths": paths}).encode())
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": store().key.name,
        "AWS_SECRET_ACCESS_KEY": store().key.secret,
        "AWS_ENDPOINT_URL_S3": store().url,
        "AWS_REGION": "us-east-1",
    }
    for script in ("create_tables.py", "etl.py"):
        subprocess.run(
            [sys.executable, ROOT / script], cwd=tmp_path, env=environment, check=True
        )
    dsn = server.dsn_for(server.user, server.password, name)
    with closing(psycopg2.connect(dsn)) as found:
        cursor = found.cursor()
        for table, rows in RIGHT.items():
            cursor.execute(f"select count(*) from {table}")
            assert cursor.fetchone() == (rows,), table
        cursor.execute("select song_id from analytics.songplays where song_id <> ''")
        assert cursor.fetchall() == [("SOZCTXZ12AB0182364",)]
    redshift.drop(name)


RIGHT = {
    "staging.events": 8056,
    "staging.songs": 71,
    "control.rejects": 0,
    "analytics.users": 97,
    "analytics.artists": 69,
    "analytics.songs": 71,
    "analytics.time": 6813,
    "analytics.songplays": 6820,
}


def event_keys() -> tuple[str, ...]:
    """The JSON keys of an event."""
    return load_models().table("staging.events").json_keys


def test_nothing_pending_is_one_short_visit(warehouse: Warehouse) -> None:
    """A second run connects once, opens no transaction, and writes nothing."""
    warehouse.run()
    before = len(redshift.server().statements)
    assert not warehouse.run().loads
    found = list(redshift.server().statements)[before:]
    assert len({each.pid for each in found}) == 1
    assert len(found) <= 12
    assert not [each for each in found if not re.match(r"\s*(select|set)\b", each.sql)]


# -- how objects are read


def test_small_objects_are_joined_large_ones_copied_where_they_lie(
    warehouse: Warehouse,
) -> None:
    """One COPY a compression, by magic number; the ledger has the lines of each."""
    put(warehouse, "logs", "small.json", *items(3))
    put(warehouse, "logs", "large.json", *items(LARGE, 10))
    rows = ({**row, "userAgent": token_hex(400)} for row in items(4000, 9000))
    plain = "".join(json.dumps(DEFAULTS["events"] | row) + "\n" for row in rows)
    put_bytes(warehouse, "logs", "packed.json", gzip.compress(plain.encode(), 1))
    warehouse.run()
    assert staged(warehouse) == 3 + LARGE + 4000
    files = warehouse.query(
        "select uri, records, content_hash from control.load_files order by uri"
    )
    found = {str(uri).rpartition("/")[2]: rest for uri, *rest in files}
    assert found["large.json"] == [LARGE, None]
    assert found["packed.json"] == [4000, None]
    assert found["small.json"][0] == 3
    assert found["small.json"][1]
    copies = [each for each in sent("copy sparkify", warehouse) if "itemin" in each]
    assert len(copies) == 2
    assert sum("\ngzip\n" in each for each in copies) == 1
    assert all("\nmanifest\n" in each for each in copies)
    assert not warehouse.offenders()


@pytest.mark.parametrize("has_spool", [True, False])
def test_without_spool_the_star_is_the_same(
    warehouse: Warehouse, has_spool: bool
) -> None:
    """The path without a manifest loads the same, by one COPY of the prefix."""
    if not has_spool:
        change(warehouse, spool="")
    for n in range(4):
        put(warehouse, "logs", f"2018-11-0{n}.json", *items(5, 10 * n))
    warehouse.run()
    assert staged(warehouse) == 20
    [copy] = [each for each in sent("copy sparkify", warehouse) if "itemin" in each]
    assert ("\nmanifest\n" in copy) is has_spool
    assert not warehouse.offenders()


def test_without_spool_new_objects_among_old_ones_are_copied_one_by_one(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One COPY an object up to a number; beyond it exit 2 names SPOOL."""
    change(warehouse, spool="")
    put(warehouse, "logs", "b.json", *items(2))
    warehouse.run()
    put(warehouse, "logs", "a.json", *items(2, 10))
    put(warehouse, "logs", "c.json", *items(2, 20))
    monkeypatch.setattr(redshift_copy, "MOST_COPIES", 1)
    with pytest.raises(ConfigError, match="SPOOL"):
        warehouse.run()
    monkeypatch.setattr(redshift_copy, "MOST_COPIES", 2)
    before = len(sent("copy sparkify", warehouse))
    warehouse.run()
    assert staged(warehouse) == 6
    assert len(sent("copy sparkify", warehouse)) == before + 2


def test_without_spool_an_object_whose_name_begins_like_another(
    warehouse: Warehouse,
) -> None:
    """COPY would read both: nothing is loaded, and it is told."""
    change(warehouse, spool="")
    put(warehouse, "logs", "a.json.jsonl", *items(2))
    warehouse.run()
    put(warehouse, "logs", "a.json", *items(2, 10))
    with pytest.raises(SourceChanged, match="SPOOL"):
        warehouse.run()
    assert staged(warehouse) == 2


def test_object_replaced_while_it_is_read(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ETag that was read differs from the listed one: tried again, loaded once."""
    put(warehouse, "logs", "a.json", *items(LARGE))
    run = Redshift._run
    done: list[str] = []

    def replacing(self: Redshift, sql: str, *rest: Any, **named: Any) -> Any:
        if sql.startswith("copy") and "itemin" in sql and not done:
            done.append(put(warehouse, "logs", "a.json", *items(LARGE + 1)))
        return run(self, sql, *rest, **named)

    monkeypatch.setattr(Redshift, "_run", replacing)
    warehouse.run()
    assert done
    assert staged(warehouse) == LARGE + 1


def test_log_of_what_was_read_is_waited_for(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SYS_LOAD_DETAIL may come late; when it never comes, nothing is loaded."""
    put(warehouse, "logs", "a.json", *items(2))
    scanned = Redshift._scanned
    nothing: tuple[object, dict[str, tuple[str, int]]] = (None, {})
    late = iter([nothing, nothing])
    monkeypatch.setattr(engine_of_redshift, "_LOG_PAUSE", 0.0)
    monkeypatch.setattr(
        Redshift, "_scanned", lambda self, copy: next(late, scanned(self, copy))
    )
    warehouse.run()
    assert staged(warehouse) == 2
    put(warehouse, "logs", "b.json", *items(2, 10))
    monkeypatch.setattr(engine_of_redshift, "_LOG_SECONDS", 0.0)
    monkeypatch.setattr(Redshift, "_scanned", lambda *_: nothing)
    with pytest.raises(TransientError, match="SYS_LOAD_DETAIL"):
        warehouse.run()
    assert staged(warehouse) == 2


def test_what_an_earlier_copy_read_says_nothing_of_this_one(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A COPY of the same address is told apart by its query, in a session and over."""
    change(warehouse, spool="")
    monkeypatch.setattr(engine_of_redshift, "_LOG_SECONDS", 0.0)
    put(warehouse, "logs", "a.json", *items(2))
    warehouse.run()
    seen: list[int] = []
    scanned = Redshift._scanned

    def twice(self: Redshift, asked: Any) -> Any:
        query, found = scanned(self, asked)
        self._seen.add(query)
        seen.append(len(scanned(self, asked)[1]))
        return query, found

    monkeypatch.setattr(Redshift, "_scanned", twice)
    put(warehouse, "logs", "a.json", *items(3))
    warehouse.run()
    assert staged(warehouse) == 5
    assert seen
    assert not any(seen)


def test_names_that_are_told_cut(warehouse: Warehouse) -> None:
    """SYS_LOAD_DETAIL has 256 bytes of a name; where these are the same, it is told."""
    change(warehouse, spool="")
    long = 300 * "n"
    put(warehouse, "logs", f"{long}.json", *items(2))
    warehouse.run()
    assert staged(warehouse) == 2
    for place in ("a", "b"):
        put(warehouse, "logs", f"{long}-{place}.json", *items(2, 10 * ord(place)))
    change(warehouse, exclude=("*/songs/*",), log_data=warehouse.settings.log_data)
    with pytest.raises(ConfigError, match="shorter names"):
        warehouse.run()


def test_an_escaped_nul_is_for_the_strict_reader(warehouse: Warehouse) -> None:
    """COPY may cut a text there: it is not asked, and the record is a reject."""
    put(warehouse, "logs", "a.json", {"song": "a\0b"}, {"itemInSession": 1})
    warehouse.run()
    assert staged(warehouse) == 1
    assert warehouse.query("select count(*) from control.rejects") == [(1,)]
    database = warehouse.settings.db_name
    copies = redshift.server().statements.matching("copy sparkify")
    assert {each.outcome for each in copies if each.database == database} == {"ok"}


def test_bad_records_of_a_large_object(warehouse: Warehouse) -> None:
    """The strict reader fetches that object alone; its good rows come through SPOOL."""
    put(warehouse, "logs", "good.json", *items(LARGE))
    bad = put(
        warehouse,
        "logs",
        "bad.json",
        *items(LARGE, 5000),
        '{"broken": ',
        {"level": "free "},
    )
    warehouse.run()
    assert staged(warehouse) == 2 * LARGE
    found = warehouse.query("select uri, line, reason from control.rejects")
    assert sorted(found) == [
        (bad, LARGE + 1, "not JSON"),
        (bad, LARGE + 2, "level: unknown"),
    ]
    hashes = warehouse.query(
        "select uri from control.load_files "
        "where content_hash is not null and dataset = 'events'"
    )
    assert hashes == [(bad,)]
    assert not warehouse.offenders()
    assert not spooled()


def test_bad_record_without_spool(warehouse: Warehouse) -> None:
    """Nothing is loaded; the sentence names file, line, reason and SPOOL."""
    change(warehouse, spool="")
    put(warehouse, "logs", "a.json", *items(2), {"ts": "noon"})
    with pytest.raises(ConfigError, match=r"a\.json, line 3: ts: .*SPOOL") as told:
        warehouse.run()
    assert told.value.exit_code == 2


def test_damaged_compression_of_a_large_object(warehouse: Warehouse) -> None:
    """It is refused as a whole, and the others load."""
    put(warehouse, "logs", "a.json", *items(2))
    noise = os.urandom(2_000_000)
    put_bytes(warehouse, "logs", "b.json.gz", gzip.compress(noise)[:1_500_000])
    [loaded] = warehouse.run().loads
    assert [each.damage for each in loaded.load.files if each.refused] != [""]
    assert staged(warehouse) == 2


def test_users_jsonpaths_are_checked_and_used(warehouse: Warehouse) -> None:
    """In any order and notation; one that differs from the columns is told."""
    keys = event_keys()
    paths = [f"$.{key}" for key in reversed(keys)]
    uri = f"s3://{redshift.bucket()}/paths-{uuid4().hex}.json"
    change(warehouse, log_jsonpath=uri)
    put(warehouse, "logs", "a.json", *items(2))
    store().put(uri.split("/", 3)[3], json.dumps({"jsonpaths": paths[1:]}).encode())
    with pytest.raises(ConfigError, match=f"first at {keys[-1]}"):
        warehouse.run()
    store().put(uri.split("/", 3)[3], b'{"JSONPaths": []}')
    with pytest.raises(ConfigError, match="no JSONPaths file"):
        warehouse.run()
    store().put(uri.split("/", 3)[3], json.dumps({"jsonpaths": paths}).encode())
    warehouse.run()
    found = warehouse.query("select distinct session_id, user_id from staging.events")
    assert found == [(1, "15")]


# -- what is put to S3


def test_what_a_killed_run_has_spooled_is_swept(warehouse: Warehouse) -> None:
    """The next run removes it, and leaves alone what another warehouse has there."""
    put(warehouse, "logs", "a.json", *items(2))
    shelf = warehouse.pipeline.engine._shelf  # type: ignore[attr-defined]  # behind the contract
    left = shelf.put("left.json", b"{}").uri
    other = Pipeline(replace(warehouse.settings, db_name="other")).engine._shelf  # type: ignore[attr-defined]  # likewise
    others = other.put("others.json", b"{}").uri
    _use(warehouse, warehouse.settings)
    warehouse.run()
    keys = spooled()
    assert left.split("/", 3)[3] not in keys
    assert keys == [others.split("/", 3)[3]]
    other.clear()


def test_rows_of_the_client_keep_every_character(warehouse: Warehouse) -> None:
    """Few come as values, many through S3: backslash, quote, line end, beyond BMP."""
    engine, table = warehouse.pipeline.engine, warehouse.pipeline.models.table
    texts = ["\\", "\\\\'", "it's", "a\nb\tc", '"', "🎵", "%s :a", "", "é" * 500]
    for times in (1, 100):
        rows = [
            (text, "x", text, f"{n}", n, n, n, n, None, 1)
            for n in range(times)
            for text in texts
        ]
        with engine.session(), engine.transaction():
            assert engine.append(table("analytics.song_texts"), rows) == len(rows)
            found = engine.query("select * from analytics.song_texts")
            engine.execute("delete from analytics.song_texts")
        assert Counter(found) == Counter(rows)
    assert len(sent("copy analytics.song_texts", warehouse)) == 1


# -- who may


def test_keys_do_not_replace_a_role(warehouse: Warehouse) -> None:
    """Without a role, keys are refused with the reason; none is in any statement."""
    change(warehouse, role_arn="")
    with pytest.raises(ConfigError, match="readable in the cluster's logs"):
        warehouse.run()
    assert not sent(store().key.secret, warehouse)
    assert not sent("access_key_id", warehouse)


def test_folder_needs_a_spool(warehouse: Warehouse) -> None:
    """Files of this machine are put to SPOOL; without it exit 2 names it."""
    change(warehouse, spool="", song_data=str(warehouse.folder / "song_data"))
    warehouse.write("songs", "a.json", [{}])
    with pytest.raises(ConfigError, match=r"\[S3\] SPOOL"):
        warehouse.run()


def test_readers_may_read_the_star_and_no_more(tmp_path: Path) -> None:
    """[WAREHOUSE] READERS is granted the star by create-tables, whole and for good."""
    made = make_warehouse(tmp_path / "warehouse", "redshift")
    server = redshift.server()
    user, password = f"ann_{uuid4().hex[:8]}", "Secret123"
    made.execute(
        f"create group readers_{user}",
        f"create user {user} password '{password}' in group readers_{user}",
    )
    change(made, readers=f"group readers_{user}")
    made.pipeline.create_tables()
    dsn = server.dsn_for(user, password, made.settings.db_name)
    with closing(psycopg2.connect(dsn)) as reader:
        reader.autocommit = True
        cursor = reader.cursor()
        cursor.execute("select count(*) from analytics.songplays")
        for denied in (
            "select count(*) from staging.events",
            "delete from analytics.songplays",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(denied)
    made.remove()


@pytest.mark.parametrize("how", ["secret", "serverless", "provisioned", "iam"])
def test_login_by_aws(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A secret, or temporary credentials, in place of a password; the host is found."""
    server = redshift.server()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint_url)
    ways: dict[str, dict[str, str]] = {
        "secret": {"secret_arn": server.secret_arn},
        "serverless": {"workgroup": server.workgroup},
        "provisioned": {"cluster_identifier": server.cluster, "db_user": server.user},
        "iam": {"cluster_identifier": server.cluster},
    }
    change(
        warehouse,
        **{"db_user": "", "db_password": "", "host": "", "aws_region": "us-east-1"}
        | ways[how],
        sslmode="require",
    )
    with warehouse.pipeline.engine.session():
        [(user,)] = warehouse.pipeline.engine.query("select current_user")
    assert str(user).endswith(server.user) or how in {"serverless", "iam"}
    change(warehouse, **{name: "none" for name in ways[how] if name != "db_user"})
    with (
        pytest.raises(WarehouseError, match="AWS gives no login"),
        warehouse.pipeline.engine.session(),
    ):
        pass


def test_nobody_to_log_in(warehouse: Warehouse) -> None:
    """The ways to log in are named."""
    change(warehouse, db_password="")
    with pytest.raises(ConfigError, match="SECRET_ARN"):
        warehouse.run()


def test_server_proves_who_it_is(warehouse: Warehouse) -> None:
    """With the certificate of its authority it is trusted, without it is not."""
    change(warehouse, sslmode="verify-full", sslrootcert=redshift.server().ca_file)
    warehouse.run()
    change(warehouse, sslrootcert=None)
    with pytest.raises(WarehouseError, match="SSLROOTCERT"):
        warehouse.run()


# -- what goes wrong

AGAIN = {
    "1023": ("XX000", "1023", "Serializable isolation violation on table - 100"),
    "catalogue": (
        "XX000",
        "could not complete because of conflict with concurrent transaction",
        "",
    ),
    "deadlock": ("40P01", "deadlock detected", ""),
    "replaced": ("XX000", "could not open relation with OID 1234", ""),
    "resize": ("XX000", "system is in resize mode", ""),
    "busy S3": ("XX000", "S3ServiceException:busy,Status 503,Error SlowDown", ""),
}


@pytest.mark.parametrize("name", AGAIN)
@pytest.mark.parametrize("at", ["copy ", "^commit"])
def test_what_passes_is_tried_again(warehouse: Warehouse, name: str, at: str) -> None:
    """A conflict undoes the load as a whole, and it is done again, once."""
    put(warehouse, "logs", "a.json", *items(2))
    state, message, detail = AGAIN[name]
    fault = redshift.server().faults.fail(state, message, at, detail=detail)
    assert len(warehouse.run().loads) == 1
    assert fault.struck == 1
    assert staged(warehouse) == 2
    assert not warehouse.offenders()


FOR_GOOD = {
    "42501": ("permission denied for relation songs", "ask the owner"),
    "XX000 role": (
        "User arn:x is not authorized to assume IAM Role arn:y",
        "attach the role",
    ),
    "XX000 denied": (
        "S3ServiceException:Access Denied,Status 403,Error AccessDenied",
        "s3:GetObject",
    ),
    "XX000 region": (
        "The bucket you are attempting to access must be addressed using the "
        "specified endpoint.",
        "REGION",
    ),
    "XX000 disk": ("Disk Full", "free some room"),
}


@pytest.mark.parametrize("name", FOR_GOOD)
def test_what_stays_is_told_at_once(warehouse: Warehouse, name: str) -> None:
    """Rights and the like are not tried again: one sentence with the remedy, exit 2."""
    message, remedy = FOR_GOOD[name]
    fault = redshift.server().faults.fail(
        name.split(maxsplit=1)[0], message, "copy sparkify", times=9
    )
    with pytest.raises(WarehouseError, match=re.escape(remedy)) as told:
        warehouse.run()
    assert told.value.exit_code == 2
    assert fault.struck == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", ["copy sparkify", "insert into analytics", "^commit"])
def test_lost_connection(warehouse: Warehouse, when: Any, at: str) -> None:
    """Whether the commit was done, the ledger tells: nothing is lost or doubled."""
    put(warehouse, "logs", "a.json", *items(2))
    fault = redshift.server().faults.drop_connection(when, at)
    warehouse.run()
    assert fault.struck == 1
    assert staged(warehouse) == 2
    assert warehouse.query("select count(*) from control.loads") == [(1,)]
    assert not warehouse.offenders()


@pytest.mark.parametrize("when", ["before", "after"])
def test_full_refresh_is_tried_again(warehouse: Warehouse, when: Any) -> None:
    """Whether its commit was done, the ledger tells; it is done once."""
    put(warehouse, "logs", "a.json", *items(2))
    warehouse.run()
    fault = redshift.server().faults.drop_connection(when, "^commit")
    warehouse.pipeline.full_refresh()
    assert fault.struck == 1
    kinds = warehouse.query("select kind from control.loads order by load_id")
    assert kinds == [("load",), ("full refresh",)]
    assert not warehouse.offenders()


def test_export_fetches_as_a_single_node_allows(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """A thousand rows at a time, and all of them."""
    put(warehouse, "logs", "a.json", *items(1200))
    warehouse.run()
    target = tmp_path / "plays.csv"
    engine = warehouse.pipeline.engine
    with engine.session(read_only=True):
        select = "select songplay_id from analytics.songplays"
        assert engine.save(select, target, "csv") == 1200
    assert set(sent("fetch ", warehouse)) == {"fetch forward 1000 from saved"}


def test_expired_session(warehouse: Warehouse) -> None:
    """A session that the server ends is begun anew."""
    redshift.server().faults.expire_session("create temp table tally")
    assert len(warehouse.run().loads) == 1


def test_second_loader_waits_and_gives_up(warehouse: Warehouse) -> None:
    """The lock is the first statement; after LOCK_WAIT the client cancels (I3)."""
    change(warehouse, lock_wait=0.0)
    server = redshift.server()
    dsn = server.dsn_for(server.user, server.password, warehouse.settings.db_name)
    with closing(psycopg2.connect(dsn)) as other:
        other.cursor().execute("lock control.lock")
        with pytest.raises(WarehouseBusy, match="another run holds"):
            warehouse.run()
        other.rollback()
        warehouse.run()
    assert warehouse.query("select count(*) from staging.songs") == [(1,)]
    database = warehouse.settings.db_name
    found = [x for x in redshift.server().statements if x.database == database]
    firsts = [
        after.sql
        for before, after in pairwise(found)
        if before.sql == "begin transaction" and before.pid == after.pid
    ]
    assert set(firsts) == {"lock table control.lock"}


def test_own_rows_that_copy_refuses(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The views tell of our own file: line, column, code and remedy."""
    engine = warehouse.pipeline.engine
    table = warehouse.pipeline.models.table("analytics.song_texts")
    rows = [("a", "b", "a", "b", key, *[1] * 5) for key in (1, "x")]
    monkeypatch.setattr(engine_of_redshift, "_FEW_ROWS", 0)
    with (
        engine.session(),
        pytest.raises(
            WarehouseError, match=r"line 2, column song_key: .*\(code 1207\): the value"
        ),
        engine.transaction(),
    ):
        engine.append(table, rows)


@pytest.mark.parametrize(
    ("text", "literal"), [("it's", "'it''s'"), ("a\\b", "'a\\\\b'"), ("", "''")]
)
def test_literals(text: str, literal: str) -> None:
    """A quote and a backslash are doubled."""
    assert quoted(text) == literal


def test_ddl_distributes_and_sorts(warehouse: Warehouse) -> None:
    """What physical.json says is in the catalogue."""
    with warehouse.pipeline.engine.session():
        engine = warehouse.pipeline.engine
        engine.execute("set search_path to analytics, staging")
        found = engine.query(
            'select tablename, "column" from pg_table_def where distkey'
        )
        keys = engine.query(
            'select tablename, "column" from pg_table_def where sortkey = 1'
        )
    assert ("songplays", "session_id") in found
    assert ("events", "session_id") in found
    assert ("songplays", "start_time") in keys


def test_every_table_of_data_says_how_it_lies() -> None:
    """Each has one distribution and one order, of columns it has, with a reason."""
    for table in load_models().tables:
        if table.schema == "control":
            continue
        [(spread, why)] = table.physical.distribution.items()
        [(order, reason)] = table.physical.order.items()
        names = {column.name for column in table.columns}
        assert spread in {"all", "even"} | names, table.full_name
        assert order in names, table.full_name
        assert why.endswith(".")
        assert reason.endswith(".")
