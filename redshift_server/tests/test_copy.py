"""COPY and UNLOAD over real HTTP."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
from decimal import Decimal
from typing import Any

import psycopg2
import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from support import (
    BUCKET,
    NARROW_ROLE,
    REGION,
    ROLE,
    Bucket,
    Client,
    Connections,
    Failure,
    PsycopgClient,
    live,
)

from redshift_server import copy_rows
from redshift_server.copy_values import convert

NUMBERS = itertools.count(1)


@pytest.fixture
def prefix() -> str:
    """A place in the bucket that no other test uses."""
    return f"copy/{next(NUMBERS)}/"


def copy(table: str, url: str, options: str = "json 'auto'", role: str = ROLE) -> str:
    return f"copy {table} from '{url}' iam_role '{role}' {options}"


def message(client: Client, statement: str) -> str:
    with pytest.raises(Failure) as caught:
        client.run(statement)
    return caught.value.message


def errors(client: Client, url: str) -> list[list[Any]]:
    """Return code, line and column of the load errors of a file."""
    return client.run(
        "select error_code, line_number, trim(column_name) from sys_load_error_detail "
        f"where trim(file_name) = '{url}' order by query_id, line_number"
    )


def load_one(client: Client, bucket: Bucket, prefix: str, kind: str, document: object,
             options: str = "json 'auto'") -> Any:  # fmt: skip
    """Load one document with key v into a column of a type; return the value."""
    client.run(f"create temp table one (v {kind})")
    url = bucket.put(prefix + "one.json", json.dumps({"v": document}))
    client.run(copy("one", url, options))
    return client.run("select v from one")[0][0]


# -- mapping --------------------------------------------------------------------


def test_auto_is_case_sensitive(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (userid int, artist varchar)")
    url = bucket.put(prefix + "a.json", [{"userId": 1, "artist": "x", "more": 2}])
    client.run(copy("e", url))
    assert client.run("select userid, artist from e") == [[None, "x"]]


def test_auto_ignorecase(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (userid int, artist varchar)")
    url = bucket.put(prefix + "a.json", [{"userId": 1, "ARTIST": "x"}, {"userID": 2}])
    client.run(copy("e", url, "json 'auto ignorecase'"))
    assert sorted(client.run("select userid, artist from e")) == [[1, "x"], [2, None]]


def test_format_as_json(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "a.json", [{"a": 1}])
    client.run(copy("e", url, "format as json 'auto'"))
    assert client.run("select a from e") == [[1]]


def test_jsonpaths_map_by_position(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int, b varchar, c varchar, d int)")
    paths = {"jsonpaths": ["$.x.y", "$['B']", "$.list", "$.list[1]"]}
    jsonpaths = bucket.put(prefix + "paths/p.json", paths)
    url = bucket.put(
        prefix + "data/a.json", [{"x": {"y": 1}, "B": "b", "list": [5, 6]}]
    )
    client.run(copy("e", url, f"json '{jsonpaths}'"))
    assert client.run("select a, b, c, d from e") == [[1, "b", "[5,6]", 6]]


def test_jsonpaths_take_a_column_list(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int, b int, c int default 7)")
    jsonpaths = bucket.put(prefix + "p", {"jsonpaths": ["$.two", "$.one"]})
    url = bucket.put(prefix + "a.json", [{"one": 1, "two": 2}])
    client.run(copy("e (b, a)", url, f"json '{jsonpaths}'"))
    assert client.run("select a, b, c from e") == [[1, 2, 7]]


def test_jsonpaths_count_must_match(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int, b int)")
    jsonpaths = bucket.put(prefix + "p", {"jsonpaths": ["$.a"]})
    url = bucket.put(prefix + "a.json", [{"a": 1}])
    text = message(client, copy("e", url, f"json '{jsonpaths}' maxerror 10"))
    assert "Number of jsonpaths and the number of columns should match" in text


def test_jsonpaths_of_another_key_fall_back_to_auto(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int)")
    jsonpaths = bucket.put(prefix + "p", {"JSONPaths": ["$.b"]})
    url = bucket.put(prefix + "a.json", [{"a": 1, "b": 2}])
    client.run(copy("e", url, f"json '{jsonpaths}'"))
    assert client.run("select a from e") == [[1]]


def test_jsonpaths_missing_key_and_element(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int)")
    jsonpaths = bucket.put(prefix + "p", {"jsonpaths": ["$.a[1]"]})
    url = bucket.put(prefix + "a.json", [{"a": [1]}])
    message(client, copy("e", url, f"json '{jsonpaths}'"))
    assert errors(client, url)[0][0] == 1216
    keyed = bucket.put(prefix + "k", {"jsonpaths": ["$.x"]})
    client.run(copy("e", url, f"json '{keyed}'"))
    assert client.run("select a from e") == [[None]]


def test_column_list_and_defaults(client: Client, bucket: Bucket, prefix: str) -> None:
    """A column out of the list gets its default, a missing key of the list NULL."""
    client.run("create temp table e (a int, b int default 5, c int default 6)")
    url = bucket.put(prefix + "a.json", [{"a": 1}])
    client.run(copy("e (a, b)", url))
    assert client.run("select a, b, c from e") == [[1, None, 6]]


def test_documents_need_no_lines(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int, b varchar)")
    url = bucket.put(prefix + "a.json", '{"a":\n1}{"a":2,\n"b":"x\\ny"}\n\n {"a":3}')
    client.run(copy("e", url))
    assert sorted(client.run("select a, b from e"), key=str) == [
        [1, None],
        [2, "x\ny"],
        [3, None],
    ]


def test_one_big_array_is_no_document(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "a.json", '[{"a":1},{"a":2}]')
    message(client, copy("e", url))
    assert errors(client, url) == [[1216, 1, ""]]


def test_commas_between_documents_are_errors(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "a.json", '{"a":1},\n{"a":2}\n')
    client.run(copy("e", url, "json 'auto' maxerror 5"))
    assert sorted(client.run("select a from e")) == [[1], [2]]
    assert len(errors(client, url)) == 1


def test_noshred(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (doc super)")
    url = bucket.put(prefix + "a.json", [{"Key": [1, 2]}])
    client.run(copy("e", url, "json 'noshred'"))
    assert client.run("select json_serialize(doc) from e") == [['{"Key": [1, 2]}']]


def test_special_characters_survive(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    text = 'tab\there, back\\slash, "quotes", new\nline, \r, é, 漢, 🎵, \\N'
    assert load_one(client, bucket, prefix, "varchar(200)", text) == text


# -- conversion ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "document", "expected"),
    [
        ("int", "12", 12),
        ("int", "", None),
        ("int", None, None),
        ("bigint", 1541121934796, 1541121934796),
        ("varchar(20)", 1.50, "1.5"),
        ("varchar(20)", "", ""),
        ("varchar(20)", True, "true"),
        ("varchar(40)", {"a": [1, "x"]}, '{"a":[1,"x"]}'),
        ("boolean", True, True),
        ("boolean", "f", False),
        ("double precision", 1540919166796.0, 1540919166796.0),
        ("double precision", "1e3", 1000.0),
        ("decimal(8, 2)", 20.259, Decimal("20.25")),
        ("decimal(8, 2)", -20.259, Decimal("-20.25")),
    ],
)
def test_values(client: Client, bucket: Bucket, prefix: str, kind: str,
                document: object, expected: object) -> None:  # fmt: skip
    assert load_one(client, bucket, prefix, kind, document) == expected


@pytest.mark.parametrize(
    ("kind", "document", "code"),
    [
        ("int", "1a", 1207),
        ("int", 1540919166796.0, 1207),
        ("int", True, 1207),
        ("int", 3000000000, 1222),
        ("smallint", 40000, 1222),
        ("varchar(3)", "abcd", 1204),
        ("varchar(3)", "éé", 1204),
        ("char(5)", "é", 1220),
        ("varchar(9)", "a\0b", 1220),
        ("boolean", "maybe", 1210),
        ("date", "2018-13-01", 1205),
        ("timestamp", "yesterday", 1206),
        ("timestamp", 1541121934796, 1206),
        ("double precision", "x", 1208),
        ("decimal(8, 2)", "x", 1209),
        ("decimal(4, 2)", "100.5", 1204),
        ("int not null", None, 1213),
    ],
)
def test_load_errors(client: Client, bucket: Bucket, prefix: str, kind: str,
                     document: object, code: int) -> None:  # fmt: skip
    client.run(f"create temp table one (v {kind})")
    url = bucket.put(prefix + "one.json", json.dumps({"v": document}))
    text = message(client, copy("one", url))
    assert "Load into table 'one' failed" in text
    assert "stl_load_errors" in text
    assert errors(client, url) == [[code, 1, "v"]]


@pytest.mark.parametrize(
    ("options", "document", "expected"),
    [
        ("roundec", 20.259, Decimal("20.26")),
        ("", 20.259, Decimal("20.25")),
    ],
)
def test_roundec(client: Client, bucket: Bucket, prefix: str, options: str,
                 document: object, expected: object) -> None:  # fmt: skip
    options = f"json 'auto' {options}"
    value = load_one(client, bucket, prefix, "decimal(8, 2)", document, options)
    assert value == expected


@pytest.mark.parametrize(
    ("options", "document", "expected"),
    [
        ("truncatecolumns", "abcdef", "abc"),
        ("truncatecolumns", "ééé", "é"),
        ("emptyasnull", "", None),
        ("blanksasnull", "  ", None),
        ("blanksasnull", "", ""),
    ],
)
def test_text_options(client: Client, bucket: Bucket, prefix: str, options: str,
                      document: str, expected: object) -> None:  # fmt: skip
    options = f"json 'auto' {options}"
    assert load_one(client, bucket, prefix, "varchar(3)", document, options) == expected


@pytest.mark.parametrize(
    ("form", "document", "expected"),
    [
        ("epochmillisecs", 1541121934796, "2018-11-02 01:25:34.796000"),
        ("epochsecs", 1541121934, "2018-11-02 01:25:34"),
        ("auto", "2018-11-02T01:25:34Z", "2018-11-02 01:25:34"),
        ("auto", "11/02/2018 01:25:34", "2018-11-02 01:25:34"),
        ("DD.MM.YYYY HH24:MI:SS", "02.11.2018 01:25:34", "2018-11-02 01:25:34"),
        ("YYYY-MM-DD HH:MI:SS", "2018-11-02 01:25:34.5", "2018-11-02 01:25:34.500000"),
    ],
)
def test_time_format(client: Client, bucket: Bucket, prefix: str, form: str,
                     document: object, expected: str) -> None:  # fmt: skip
    options = f"json 'auto' timeformat '{form}'"
    value = load_one(client, bucket, prefix, "timestamp", document, options)
    assert str(value) == expected


def test_time_format_is_lower_case(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (v timestamp)")
    text = message(
        client, copy("e", f"s3://{BUCKET}/x", "json 'auto' timeformat 'EPOCHMILLISECS'")
    )
    assert "lower case" in text


def test_invalid_utf8(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (v varchar(10), w int)")
    url = bucket.put(prefix + "a.json", b'{"v":"a\xffb","w":1}\n{"v":"c","w":2}')
    message(client, copy("e", url))
    assert errors(client, url) == [[1220, 1, "v"]]
    client.run(copy("e", url, "json 'auto' acceptinvchars '^'"))
    assert sorted(client.run("select v from e")) == [["a^b"], ["c"]]


def test_rows_over_4_mb(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (v varchar(max))")
    url = bucket.put(prefix + "a.json", [{"v": "x" * (4 * 1024 * 1024)}])
    message(client, copy("e", url, "json 'auto' truncatecolumns"))
    assert errors(client, url)[0][0] == 1216


def test_identity_columns(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (id int identity(0, 1), a int)")
    url = bucket.put(prefix + "a.json", [{"id": 70, "a": 1}])
    client.run(copy("e", url))
    assert client.run("select count(id) from e where id <> 70") == [[1]]
    assert "identity" in message(client, copy("e (id, a)", url))
    client.run(copy("e (id, a)", url, "json 'auto' explicit_ids"))
    assert client.run("select count(*) from e where id = 70") == [[1]]


@live
def test_bulk_loads_number_with_gaps_and_out_of_order(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    """Who reads IDENTITY as the order of the source fails here, as on a cluster."""
    client.run("create temp table e (id int identity(1, 1), a int)")
    url = bucket.put(prefix + "a.json", [{"a": number} for number in range(50)])
    client.run(copy("e (a)", url))
    client.run("create temp table f (id int identity(1, 1), a int)")
    client.run("insert into f (a) select a from e")
    for table in ("e", "f"):
        ids = [row[0] for row in client.run(f"select id from {table} order by a")]
        assert len(set(ids)) == 50
        assert min(ids) > 1
        assert ids != sorted(ids)


# -- sources -----------------------------------------------------------------------


def test_prefix_is_any_start_of_a_key(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int)")
    bucket.put(prefix + "log/a.json", [{"a": 1}])
    bucket.put(prefix + "log_backup/a.json", [{"a": 2}])
    bucket.put(prefix + "other/a.json", [{"a": 3}])
    client.run(copy("e", f"s3://{BUCKET}/{prefix}log"))
    assert sorted(client.run("select a from e")) == [[1], [2]]


def test_empty_prefix_fails(client: Client, prefix: str) -> None:
    client.run("create temp table e (a int)")
    text = message(client, copy("e", f"s3://{BUCKET}/{prefix}nothing"))
    assert f"The specified S3 prefix '{prefix}nothing' does not exist" in text


def manifest(bucket: Bucket, prefix: str, entries: list[dict[str, Any]]) -> str:
    return bucket.put(prefix + "manifest", {"entries": entries})


def test_manifest(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    first = bucket.put(prefix + "1.json", [{"a": 1}])
    bucket.put(prefix + "2.json", [{"a": 2}])
    listed = manifest(bucket, prefix, [{"url": first, "mandatory": True}])
    options = f"manifest json 'auto' region '{REGION}' compupdate off statupdate off maxerror 0"
    client.run(copy("e", listed, options))
    assert client.run("select a from e") == [[1]]


def test_manifest_duplicates_load_twice(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "1.json", [{"a": 1}])
    listed = manifest(bucket, prefix, [{"url": url}, {"url": url}])
    client.run(copy("e", listed, "manifest json 'auto'"))
    assert client.run("select count(*) from e") == [[2]]


def test_manifest_missing_files(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "1.json", [{"a": 1}])
    gone = f"s3://{BUCKET}/{prefix}gone.json"
    optional = manifest(bucket, prefix, [{"url": url}, {"url": gone}])
    client.run(copy("e", optional, "manifest json 'auto'"))
    assert client.run("select a from e") == [[1]]
    strict = manifest(bucket, prefix, [{"url": url}, {"url": gone, "mandatory": True}])
    assert gone in message(client, copy("e", strict, "manifest json 'auto'"))
    empty = manifest(bucket, prefix, [{"url": gone}])
    message(client, copy("e", empty, "manifest json 'auto'"))
    assert client.run("select count(*) from e") == [[1]]


def test_manifest_needs_full_keys(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    listed = manifest(bucket, prefix, [{"url": f"s3://{BUCKET}/{prefix}"}])
    text = message(client, copy("e", listed, "manifest json 'auto'"))
    assert "requires full path" in text


def test_forgotten_manifest_keyword_loads_the_manifest(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "1.json", [{"a": 1}])
    client.run(copy("e", manifest(bucket, prefix, [{"url": url}])))
    assert client.run("select a from e") == [[None]]


@pytest.mark.parametrize(
    ("option", "pack"),
    [
        ("gzip", gzip.compress),
        ("bzip2", bz2.compress),
        ("zstd", lambda data: zstandard.ZstdCompressor().compress(data)),
    ],
)
def test_compression(client: Client, bucket: Bucket, prefix: str, option: str,
                     pack: Any) -> None:  # fmt: skip
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "a", pack(b'{"a":1}\n{"a":2}\n'))
    client.run(copy("e", url, f"json 'auto' {option}"))
    assert sorted(client.run("select a from e")) == [[1], [2]]
    message(client, copy("e", url))  # nothing is guessed from the content


def test_role_must_be_known(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "a.json", [{"a": 1}])
    text = message(client, copy("e", url, role=ROLE + "-unknown"))
    assert "is not authorized to assume IAM Role" in text


@live
def test_role_needs_rights(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "a.json", [{"a": 1}])
    text = message(client, copy("e", url, role=NARROW_ROLE))
    assert "S3ServiceException:Access Denied,Status 403,Error AccessDenied" in text
    allowed = bucket.put("allowed/a.json", [{"a": 5}])
    client.run(copy("e", allowed, role=NARROW_ROLE))
    assert client.run("select a from e") == [[5]]


@live
def test_region_of_the_bucket(client: Client) -> None:
    client.run("create temp table e (a int)")
    text = message(client, copy("e", "s3://far-away/a.json"))
    assert "PermanentRedirect" in text


def test_iam_role_default(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "a.json", [{"a": 1}])
    client.run(f"copy e from '{url}' iam_role default json 'auto'")
    assert client.run("select a from e") == [[1]]


def test_credentials_are_required(client: Client) -> None:
    client.run("create temp table e (a int)")
    text = message(client, f"copy e from 's3://{BUCKET}/x' json 'auto'")
    assert "CREDENTIALS argument is required" in text


def test_missing_bucket(client: Client) -> None:
    client.run("create temp table e (a int)")
    text = message(client, copy("e", "s3://no-such-bucket-at-all/a"))
    assert "S3ServiceException" in text


# -- options -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "option",
    ["delimiter ','", "escape", "fillrecord", "ignoreblanklines", "null as 'x'",
     "removequotes", "csv"],
)  # fmt: skip
def test_options_refused_with_json(client: Client, option: str) -> None:
    client.run("create temp table e (a int)")
    with pytest.raises(Failure) as caught:
        client.run(copy("e", f"s3://{BUCKET}/x", f"json 'auto' {option}"))
    assert caught.value.sqlstate == "42601"


@pytest.mark.parametrize(
    "option",
    [
        "gzipp",
        "compudate off",
        "max_error 3",
        "gzip gzip",
        "timeformat",
        "maxerror 100001",
    ],
)
def test_misspelt_options(client: Client, option: str) -> None:
    client.run("create temp table e (a int)")
    with pytest.raises(Failure) as caught:
        client.run(copy("e", f"s3://{BUCKET}/x", f"json 'auto' {option}"))
    assert caught.value.sqlstate in ("42601", "22023")


def test_copy_from_stdin_is_refused(client: Client) -> None:
    client.run("create temp table e (a int)")
    with pytest.raises(Failure) as caught:
        client.run("copy e from stdin")
    assert caught.value.sqlstate == "0A000"


def test_copy_from_stdin_of_psycopg2(connect: Connections) -> None:
    cursor = connect().cursor()
    cursor.execute("create temp table e (a int)")
    with pytest.raises(psycopg2.Error):
        cursor.copy_expert("copy e from stdin", io.StringIO("1\n"))


def test_nonexistent_table(client: Client) -> None:
    with pytest.raises(Failure) as caught:
        client.run(copy("nowhere", f"s3://{BUCKET}/x"))
    assert caught.value.sqlstate == "42P01"


BAD = [{"a": 1}, {"a": "x"}, {"a": 3}, {"a": "y"}, {"a": 5}]


@pytest.mark.parametrize(
    ("limit", "passes"), [(0, False), (1, False), (2, False), (3, True)]
)
def test_maxerror_counts_to_n(client: Client, bucket: Bucket, prefix: str, limit: int,
                              passes: bool) -> None:  # fmt: skip
    """COPY fails when there are n errors, not when there are more."""
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "a.json", BAD)
    statement = copy("e", url, f"json 'auto' maxerror {limit}")
    if passes:
        client.run(statement)
        assert sorted(client.run("select a from e")) == [[1], [3], [5]]
    else:
        message(client, statement)
        assert client.run("select count(*) from e") == [[0]]


def test_ignore_all_errors(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "a.json", BAD)
    client.run(copy("e", url, "json 'auto' ignoreallerrors"))
    assert client.run("select count(*), pg_last_copy_count() from e") == [[3, 3]]


def test_noload_loads_nothing(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    good = bucket.put(prefix + "good.json", [{"a": 1}])
    bad = bucket.put(prefix + "bad.json", BAD)
    client.run(copy("e", good, "json 'auto' noload"))
    message(client, copy("e", bad, "json 'auto' noload"))
    assert client.run("select count(*) from e") == [[0]]


def test_statupdate_needs_the_owner(sql: PsycopgClient, connect: Connections,
                                    bucket: Bucket, prefix: str, request: Any) -> None:  # fmt: skip
    sql.run("drop table if exists owned")
    sql.run("create table owned (a int)")
    sql.run("drop user if exists loader")
    sql.run("create user loader password 'Passw0rd1'")
    sql.run("grant insert on owned to loader")
    url = bucket.put(prefix + "a.json", [{"a": 1}])
    sql.run("set session authorization loader")
    sql.run(copy("owned", url, "json 'auto'"))
    assert "must be owner" in message(
        sql, copy("owned", url, "json 'auto' statupdate off")
    )
    sql.run("reset session authorization")
    sql.run("revoke insert on owned from loader")
    assert sql.run("select count(*) from owned") == [[1]]
    sql.run("set session authorization loader")
    assert "permission denied" in message(sql, copy("owned", url))
    sql.run("reset session authorization")
    sql.run("drop table owned")


# -- afterwards -----------------------------------------------------------------------


def test_views_and_counts(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    first = bucket.put(prefix + "1.json", [{"a": 1}, {"a": 2}])
    bucket.put(prefix + "2.json", [{"a": 3}])
    client.run(copy("e", f"s3://{BUCKET}/{prefix}"))
    assert client.run("select pg_last_copy_count()") == [[3]]
    query = client.run("select pg_last_copy_id()")[0][0]
    history = client.run(
        "select trim(status), loaded_rows, source_file_count, error_count from "
        f"sys_load_history where query_id = {query}"
    )
    assert history == [["completed", 3, 2, 0]]
    head = bucket.client.head_object(Bucket=BUCKET, Key=f"{prefix}1.json")
    detail = client.run(
        "select file_name, lines_scanned, bytes_scanned, file_etag from sys_load_detail "
        f"where query_id = {query} order by file_name"
    )
    etag = head["ETag"].strip('"')
    assert detail[0] == [first.ljust(256), 2, head["ContentLength"], etag]
    commits = client.run(
        f"select trim(filename), lines_scanned from stl_load_commits where query = {query} "
        "order by 1"
    )
    assert commits[0] == [first, 2]


def test_details_are_seen_inside_the_transaction(
    connect: Connections, bucket: Bucket, prefix: str
) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("create temp table e (a int)")
    cursor.execute("select count(*) from sys_load_detail")
    url = bucket.put(prefix + "1.json", [{"a": 1}])
    cursor.execute(copy("e", url))
    cursor.execute("select count(*) from sys_load_detail where file_name = %s", (url,))
    assert cursor.fetchall() == [(1,)]
    assert "1 record(s) loaded successfully" in connection.notices[-1]
    assert connection.notices[-1].startswith("INFO")


def test_errors_survive_rollback(
    connect: Connections, bucket: Bucket, prefix: str
) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("create temp table e (a int, b varchar(5))")
    connection.commit()
    cursor.execute("insert into e values (7, 'kept')")
    url = bucket.put(prefix + "1.json", [{"a": 1}, {"a": "1x", "b": "row"}])
    with pytest.raises(psycopg2.Error) as caught:
        cursor.execute(copy("e", url))
    assert caught.value.pgcode == "XX000"
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        cursor.execute("select 1")
    connection.rollback()
    cursor.execute(
        "select err_code, trim(err_reason), trim(colname), trim(type), "
        "trim(raw_field_value), line_number from stl_load_errors "
        "where trim(filename) = %s",
        (url,),
    )
    assert cursor.fetchall() == [
        (1207, "Invalid digit, Value 'x', Pos 1, Type: Integer", "a", "int4", "1x", 2)
    ]
    cursor.execute("select pg_last_copy_count()")
    assert cursor.fetchall() == [(0,)]
    cursor.execute("select count(*) from e")
    assert cursor.fetchall() == [(0,)]


def test_error_views_are_padded(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int)")
    url = bucket.put(prefix + "1.json", [{"a": "x"}])
    message(client, copy("e", url))
    name = client.run(
        f"select file_name from sys_load_error_detail where trim(file_name) = '{url}'"
    )[0][0]
    assert len(name) == 256


def test_count_survives_a_syntax_error(
    client: Client, bucket: Bucket, prefix: str
) -> None:
    client.run("create temp table e (a int)")
    client.run(copy("e", bucket.put(prefix + "1.json", [{"a": 1}])))
    message(client, copy("e", "s3://x/y", "json 'auto' gzipp"))
    message(client, copy("e", "s3://x/y", role=ROLE + "x"))
    assert client.run("select pg_last_copy_count()") == [[1]]


def test_rows_belong_to_the_transaction(
    connect: Connections, bucket: Bucket, prefix: str
) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("create temp table e (a int)")
    connection.commit()
    cursor.execute(copy("e", bucket.put(prefix + "1.json", [{"a": 1}])))
    connection.rollback()
    cursor.execute("select count(*) from e")
    assert cursor.fetchall() == [(0,)]


@live
def test_copy_converts_in_bulk(
    sql: PsycopgClient, bucket: Bucket, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By column and not by value; bench/measure.py has the rows per second."""
    calls: list[int] = []

    def counted(column: Any, values: Any, command: Any) -> Any:
        calls.append(len(values))
        return convert(column, values, command)

    monkeypatch.setattr(copy_rows, "convert", counted)
    sql.run("create temp table e (a varchar(100), b varchar(100), c int)")
    url = bucket.put(prefix + "1.json", [{"a": "x", "b": "y", "c": 7}] * 5000)
    sql.run(copy("e", url))
    assert calls == [5000] * 3
    assert sql.run("select count(*), sum(c) from e") == [[5000, 35_000]]


# -- other formats ----------------------------------------------------------------------


def test_csv(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int, b varchar(20))")
    url = bucket.put(prefix + "a.csv", 'a,b\n1,"x, ""y"""\n2,\n')
    client.run(copy("e", url, "csv ignoreheader 1"))
    assert sorted(client.run("select a, b from e")) == [[1, 'x, "y"'], [2, ""]]


def test_varbyte(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int, b varbyte(2))")
    url = bucket.put(prefix + "a.csv", "1,FF00\n2,\n3,ff0001\n4,xy\n")
    client.run(copy("e", url, "csv maxerror 9"))
    loaded = client.run("select a, to_hex(b) from e order by a")
    assert loaded == [[1, "ff00"], [2, None]]
    assert [row[0] for row in errors(client, url)] == [1204, 1207]


def test_delimited(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int, b varchar(20))")
    url = bucket.put(prefix + "a.txt", "1|x\n2|y|z\n3\n")
    client.run(copy("e", url, "maxerror 9"))
    assert client.run("select a, b from e") == [[1, "x"]]
    assert [row[0] for row in errors(client, url)] == [1202, 1201]


def test_parquet(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run("create temp table e (a int, b varchar(20))")
    table = pyarrow.table(
        {"a": pyarrow.array([1, None], pyarrow.int32()), "b": ["x", "y"]}
    )
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    url = bucket.put(prefix + "a.parquet", out.getvalue())
    client.run(copy("e", url, "format as parquet"))
    assert sorted(client.run("select a, b from e"), key=str) == [[1, "x"], [None, "y"]]
    client.run("create temp table wrong (a varchar(20), b varchar(20))")
    assert "Spectrum" in message(client, copy("wrong", url, "format as parquet"))


# -- UNLOAD -----------------------------------------------------------------------------


def unload(
    bucket: str, prefix: str, options: str, query: str = "select a, b from u"
) -> str:
    return f"unload ('{query}') to 's3://{bucket}/{prefix}' iam_role '{ROLE}' {options}"


@pytest.fixture
def rows_to_unload(client: Client) -> None:
    client.run("create temp table u (a int, b varchar(20))")
    client.run("insert into u values (1, 'x'), (2, 'y,z')")


@pytest.mark.usefixtures("rows_to_unload")
def test_unload_csv_and_back(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run(unload(BUCKET, prefix, "csv header gzip"))
    (key,) = bucket.keys(prefix)
    assert key.endswith(".csv.gz")
    assert gzip.decompress(bucket.get(key)).startswith(b"a,b\n")
    client.run("create temp table back (a int, b varchar(20))")
    client.run(copy("back", f"s3://{BUCKET}/{prefix}", "csv gzip ignoreheader 1"))
    assert sorted(client.run("select a, b from back")) == [[1, "x"], [2, "y,z"]]


def test_long_names_in_files(client: Client, bucket: Bucket, prefix: str) -> None:
    name = "n" * 100
    client.run(f"create temp table e ({name} int)")
    client.run(copy("e", bucket.put(prefix + "in.json", [{name: 7}])))
    client.run(unload(BUCKET, prefix + "out", "json", f"select {name} from e"))
    (key,) = bucket.keys(prefix + "out")
    assert json.loads(bucket.get(key)) == {name: 7}


@pytest.mark.usefixtures("rows_to_unload")
def test_unload_parquet_and_back(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run(unload(BUCKET, prefix, "format as parquet"))
    client.run("create temp table back (a int, b varchar(20))")
    client.run(copy("back", f"s3://{BUCKET}/{prefix}", "format as parquet"))
    assert sorted(client.run("select a, b from back")) == [[1, "x"], [2, "y,z"]]


@pytest.mark.usefixtures("rows_to_unload")
def test_unload_does_not_overwrite(client: Client, bucket: Bucket, prefix: str) -> None:
    client.run(unload(BUCKET, prefix, "json manifest verbose"))
    assert "is not empty" in message(client, unload(BUCKET, prefix, "json"))
    client.run(unload(BUCKET, prefix, "json cleanpath"))
    (key,) = bucket.keys(prefix)
    lines = sorted(json.loads(line)["a"] for line in bucket.get(key).splitlines())
    assert lines == [1, 2]


@pytest.mark.usefixtures("rows_to_unload")
def test_unload_has_no_outer_limit(client: Client, prefix: str) -> None:
    text = message(client, unload(BUCKET, prefix, "csv", "select a from u limit 1"))
    assert "Limit clause is not supported" in text
