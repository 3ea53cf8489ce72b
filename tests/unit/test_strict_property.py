"""A record meets the same end whichever reader reads it, and no record is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sparkify import schema
from sparkify.config import Settings
from sparkify.engines.base import InputRefusedError
from sparkify.engines.duckdb import DuckDB
from sparkify.models import load_models
from sparkify.sources.files import Input, SourceFile
from sparkify.sources.strict import rewrite

EVENT: dict[str, object] = {
    "artist": "Björk",
    "auth": "Logged In",
    "firstName": "Lily",
    "gender": "F",
    "itemInSession": 3,
    "lastName": None,
    "length": 201.79546,
    "level": "free",
    "page": "NextSong",
    "registration": 1540919166796.0,
    "sessionId": 38,
    "song": 'Say "no"\n\\ {1, [2]}',
    "status": 200,
    "ts": 1541105830796,
    "userId": "39",
}
KEYS = [*EVENT, "location", "method", "userAgent", "extra"]

Rows = Counter[tuple[object, ...]]


class _Undo(Exception):
    """Takes back what an example staged."""


class Readers:
    """Both readers, each with an empty staging table for every file."""

    def __init__(self, folder: Path) -> None:
        self._engine = DuckDB(Settings(path=Path(":memory:")))
        self._models = load_models()
        self._table = self._models.table("staging.events")
        self._folder = folder

    def opened(self) -> Iterator[Readers]:
        """Itself, with the warehouse open."""
        with self._engine.session():
            schema.create(self._engine, self._models)
            yield self

    def fast(self, content: bytes) -> Rows | None:
        """The rows that the engine's reader stages; None when it takes not all."""
        file = self._file(content)
        lines = content.count(b"\n") + (not content.endswith(b"\n"))
        source = Input("events", file.uri, (file,), (lines if content else 0,))
        try:
            return self._stage(source)[0]
        except InputRefusedError:
            return None

    def strict(self, content: bytes) -> tuple[Rows, Rows, int]:
        """The rows that the strict reader stages and rejects, and how many it found."""
        file = self._file(content)
        source = Input("events", file.uri, (file,), (0,))
        keys = frozenset(self._table.json_keys)
        return self._stage(rewrite(source, keys, self._folder))

    def _file(self, content: bytes) -> SourceFile:
        path = self._folder / "file.json"
        path.write_bytes(content)
        return SourceFile("events", str(path), len(content), 0)

    def _stage(self, source: Input) -> tuple[Rows, Rows, int]:
        names = [column.name for column in self._table.columns]
        rejects = self._models.table("control.rejects")
        with suppress(_Undo), self._engine.transaction():
            self._engine.copy(self._table, [source], 1, rejects)
            staged = self._engine.query(
                f"select {', '.join(names)} from staging.events"
            )
            kept = self._engine.query("select position, reason from control.rejects")
            raise _Undo
        return Counter(staged), Counter(kept), source.lines


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    """Both readers, open for the whole module."""
    yield from Readers(tmp_path_factory.mktemp("strict")).opened()


def _encoded(value: object) -> st.SearchStrategy[str]:
    """Ways to write a value as JSON."""
    return st.sampled_from(
        [json.dumps(value), json.dumps(value, ensure_ascii=False)]
    ).flatmap(lambda text: st.sampled_from([text, text.replace("/", "\\/")]))


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8
) | st.sampled_from(
    ["", "free", "NextSong", "\\u0041", "\u2028", "a\0b", '"', "{", "}"]
)
NUMBERS = (
    st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -0.0, 1e3, 1541105830796, 1541105830796.0, 2**53, 2**31])
)
VALUES = (
    WORDS
    | NUMBERS
    | NUMBERS.map(str)
    | st.sampled_from([None, True, False, [], {}, [1, {"ts": 2}], {"a": [1.0, "x"]}])
)
RAW_VALUES = VALUES.flatmap(_encoded) | st.sampled_from(
    ["NaN", "-Infinity", "nan", "inf", "1E5", "1.50", "-0", "1e400", "00"]
)
BLANKS = st.sampled_from(["", "", "", " ", "\t", "  "])
GAPS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n", " ", "", "\n \n", "\r", "\f"])


@st.composite
def objects(draw: st.DrawFn) -> str:
    """The text of an event, mostly sound."""
    event = {key: json.dumps(value) for key, value in EVENT.items()}
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=3)):
        event[key] = draw(RAW_VALUES)
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=2)):
        event.pop(key, None)
    order = draw(st.permutations(sorted(event)))
    blank = draw(BLANKS)
    pairs = [f'{blank}"{key}"{blank}:{blank}{event[key]}{blank}' for key in order]
    if draw(st.integers(0, 9)) == 0:
        pairs += draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=1))
    comma = draw(st.sampled_from([""] * 9 + [","]))
    return "{" + ",".join(pairs) + comma + "}"


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """A file: some records, with blanks between them, perhaps damaged."""
    parts: list[str] = []
    for record in draw(st.lists(objects(), max_size=4)):
        parts += [record, draw(GAPS)]
    if draw(st.booleans()) and parts:
        parts.pop()
    content = "".join(parts).encode()
    if content and draw(st.integers(0, 2)) == 0:
        at = draw(st.integers(0, len(content) - 1))
        length = draw(st.integers(0, 3))
        patch = draw(st.sampled_from(PATCHES))
        content = content[:at] + patch + content[at + length :]
    return content


PATCHES = (
    *(b"", b"\n", b"\r", b"{", b"}", b'"', b",", b"\\", b"[", b"]", b":", b"x"),
    *(b"\xff", b"\0", b"\x1f", b"\xef\xbb\xbf", b"\xc3", b"1", b".", b"e"),
    *(b"\n{", b"}\n{", b"null", b"/*x*/", b"\\ud800", b"\xed\xa0\x80"),
)


@settings(
    max_examples=75,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=contents())
@example(content=b"")
@example(content=json.dumps(EVENT).encode() + b"\f\n" + json.dumps(EVENT).encode())
def test_both_readers_agree(readers: Readers, content: bytes) -> None:
    """What the engine's reader takes whole, the strict reader stages alike."""
    fast = readers.fast(content)
    if fast is not None:
        staged, rejected, _ = readers.strict(content)
        assert (staged, rejected) == (fast, Counter())


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=contents())
def test_no_record_is_lost(readers: Readers, content: bytes) -> None:
    """Every record of a file is staged or rejected, each reject at its own place."""
    staged, rejected, records = readers.strict(content)
    assert staged.total() + rejected.total() == records
    assert len({position for position, _ in rejected}) == rejected.total()


AGREED = {
    "trailing comma": '{"extra": [1,],',
    "no number": '{"extra": [NaN, -inf, Infinity], "e2": nan,',
    "repeat of a key not read": '{"extra": 1, "extra": 2,',
    "key in another case": '{"TS": 1,',
    "empty key": '{"": 1,',
    "escaped NUL in a key": '{"a\\u0000b": 1,',
    "number of 4,000 digits": f'{{"extra": {"1" * 4000},',
    "900 brackets": f'{{"extra": {"[" * 900}{"]" * 900},',
    "line separators": '{"extra": "\u2028\u2029\x85",',
    "record of 3 MiB": f'{{"extra": "{"x" * (3 << 20)}",',
}


@pytest.mark.parametrize("form", AGREED)
def test_engine_takes_it_and_so_does_the_strict_reader(
    readers: Readers, form: str
) -> None:
    """A form that only one reader knew would meet two ends."""
    content = (AGREED[form] + json.dumps(EVENT)[1:]).encode()
    fast = readers.fast(content)
    assert fast is not None
    assert fast.total() == 1
    assert readers.strict(content)[:2] == (fast, Counter())


REFUSED = {
    "two on a line": "{} {}",
    "two on a line without a blank": "{}{}",
    "one over two lines": '{"a":\n1}',
    "blank line": "{}\n\n{}",
    "repeated key": '{"ts": 1, "ts": 1}',
    "BOM between": "{}\n\ufeff{}",
    "array": "[{}]",
    "text after it": "{} x",
}


@pytest.mark.parametrize("form", REFUSED)
def test_engine_refuses_what_it_would_misread(readers: Readers, form: str) -> None:
    """Records that are not one a line never pass the engine's reader in part."""
    body = json.dumps(EVENT)[1:-1]
    content = REFUSED[form].replace("{", "{" + body).replace(body + '"', body + ', "')
    assert readers.fast(content.encode()) is None
