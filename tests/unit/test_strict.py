"""The strict reader finds each record of a file, whatever form the file has."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest

from sparkify.sources import strict
from sparkify.sources.files import MAX_RECORD_BYTES, Input, SourceFile
from sparkify.sources.strict import RAW_CHARACTERS, Record, rewrite, split

KEYS = frozenset({"a", "b"})
BOM = b"\xef\xbb\xbf"


def read(content: bytes) -> list[Record]:
    """The records of a file."""
    return list(split(BytesIO(content), KEYS))


def ends(content: bytes) -> list[str]:
    """What became of each record: its reason, empty for a sound one."""
    return [record.reason for record in read(content)]


SOUND = {
    "one on a line": b'{"a": 1}\n{"a": 2}\n',
    "no final newline": b'{"a": 1}\n{"a": 2}',
    "several on a line": b'{"a": 1}{"a": 2}',
    "several on a line with blanks": b'{"a": 1} \t {"a": 2}  ',
    "pretty-printed": b'{\n    "a": 1\n}\n{\n    "a": [\n        2\n    ]\n}\n',
    "CRLF": b'{"a": 1}\r\n{"a": 2}\r\n',
    "CR alone": b'{"a": 1}\r{"a": 2}\r',
    "pretty-printed with CRLF": b'{\r\n"a":\r\n1}\r\n{"a": 2}',
    "blank lines": b'\n\n{"a": 1}\n   \n\t\n{"a": 2}\n\n\n',
    "BOM": BOM + b'{"a": 1}\n{"a": 2}',
    "trailing commas": b'{"a": [1,], "b": 2,}\n{"a": 2 , }\n',
    "no numbers": b'{"a": NaN, "b": -Infinity}\n{"a": [nan, inf, -inf]}\n',
    "commas and NaN in texts": b'{"a": ",}", "b": "NaN"}\n{"a": "\\",]", "b": 1,}\n',
    "braces in texts": b'{"a": "}\\n{"}\n{"a": "{\\"b\\": 1"}\n',
    "repeats of keys not read": b'{"a": 1, "c": 1, "c": 2}\n{"a": {"b": 1}, "b": 2}\n',
    "surrogate pair": b'{"a": "\\ud83d\\ude00"}\n{"a": "\xf0\x9f\x98\x80"}\n',
    "escaped NUL": b'{"a": "\\u0000"}\n{"a": 2}\n',
    "line separators in texts": b'{"a": "\xe2\x80\xa8\xc2\x85"}\n{"a": 2}\n',
}


@pytest.mark.parametrize("form", SOUND)
def test_sound_records_are_found(form: str) -> None:
    """Both records are found in this form."""
    assert ends(SOUND[form]) == ["", ""]


FAULTY = {
    "text": (b'hello\n{"a": 2}\n', "not JSON"),
    "cut short": (b'{"a": 1, "b"\n{"a": 2}\n', "not JSON"),
    "cut in a text": (b'{"a": "x\n{"a": 2}\n', "not JSON"),
    "single quotes": (b"{'a': 1}\n{\"a\": 2}\n", "not JSON"),
    "comment": (b'{"a": 1 /* one */}\n{"a": 2}\n', "not JSON"),
    "two commas": (b'{"a": 1,,}\n{"a": 2}\n', "not JSON"),
    "control character in a text": (b'{"a": "x\ty"}\n{"a": 2}\n', "not JSON"),
    "NUL between tokens": (b'{"a": \x00 1}\n{"a": 2}\n', "not JSON"),
    "plus before a number": (b'{"a": +1}\n{"a": 2}\n', "not JSON"),
    "lone surrogate": (b'{"a": "\\ud800"}\n{"a": 2}\n', "not UTF-8"),
    "lone surrogate in another key": (b'{"\\udc00": 1}\n{"a": 2}\n', "not UTF-8"),
    "invalid UTF-8": (b'{"a": "\xff"}\n{"a": 2}\n', "not UTF-8"),
    "Latin-1": (b'{"a": "Bj\xf6rk"}\n{"a": 2}\n', "not UTF-8"),
    "surrogate in UTF-8": (b'{"a": "\xed\xa0\x80"}\n{"a": 2}\n', "not UTF-8"),
    "repeated key": (b'{"a": 1, "b": 2, "a": 1}\n{"a": 2}\n', "repeated key: a"),
    "repeated escaped key": (b'{"a": 1, "\\u0061": 1}\n{"a": 2}', "repeated key: a"),
    "array": (b'[{"a": 1}]\n{"a": 2}\n', "not an object"),
    "number": (b'17\n{"a": 2}\n', "not an object"),
    "null": (b'null\n{"a": 2}\n', "not an object"),
    "text in quotes": (b'"a"\n{"a": 2}\n', "not an object"),
}


@pytest.mark.parametrize("form", FAULTY)
def test_fault_is_one_reject_and_reading_goes_on(form: str) -> None:
    """The faulty record is rejected with its reason; the next one is sound."""
    content, reason = FAULTY[form]
    assert ends(content) == [reason, ""]


def test_nothing_is_no_record() -> None:
    """An empty file, blank lines and a BOM alone hold no record."""
    assert not read(b"")
    assert not read(b" \n\r\n\t")
    assert not read(BOM)


def test_reading_resumes_at_the_next_line_that_begins_an_object() -> None:
    """What stands between the fault and the next `{` of a line is one reject."""
    content = b'{"a": 1}\n{"a": oops, {"a": 3}\n"b": 4}\nrubbish\n \t{"a": 5} {"a": 6}'
    assert read(content) == [
        Record(0, 1, "", '{"a": 1}', 8),
        Record(9, 2, "not JSON", '{"a": oops, {"a": 3}\n"b": 4}\nrubbish', 36),
        Record(48, 5, "", '{"a": 5}', 8),
        Record(57, 5, "", '{"a": 6}', 8),
    ]


def test_broken_pretty_printed_record_takes_no_neighbour_along() -> None:
    """A pretty-printed object that is cut short leaves the others whole."""
    content = b'{\n  "a": 1\n}\n{\n  "a": 2,\n  "b":\n{\n  "a": 3\n}\n'
    found = read(content)
    assert [each.line for each in found] == [1, 4, 7]
    assert [each.reason for each in found] == ["", "not JSON", ""]


def test_positions_are_bytes_and_lines_count_from_one() -> None:
    """A position is that of the record's first byte in the file, a BOM included."""
    content = BOM + '{"a": "Björk"}\r\n\n  {"a":\n"東京 \U0001f600"}\n{"a": 3}'.encode()
    found = read(content)
    assert [each.position for each in found] == [3, 23, 44]
    assert [each.line for each in found] == [1, 3, 5]
    for each in found:
        assert content[each.position :].startswith(each.raw.encode())


def test_position_counts_bytes_that_are_no_utf_8() -> None:
    """Bytes that are no text count as bytes."""
    assert [each.position for each in read(b'\xff\xfe\n{"a": 1}\n')] == [0, 3]


def test_record_of_the_greatest_size_is_sound_and_a_byte_more_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A record has at most MAX_RECORD_BYTES bytes, however few characters these are."""
    monkeypatch.setattr(strict, "MAX_RECORD_BYTES", 100)
    fitting = '{"a": "' + "é" * 45 + 'x"}'
    assert len(fitting.encode()) == 100
    over = fitting.replace("x", "xx")
    assert ends(f"{fitting}\n{over}\n{fitting}".encode()) == ["", "too large", ""]


def test_the_greatest_size_is_4_mib() -> None:
    """Records up to 4 MiB are read; a larger one is one reject."""
    assert MAX_RECORD_BYTES == 4 * 1024 * 1024
    large = b'{"a": "' + b"x" * (5 * 1024 * 1024) + b'"}'
    assert ends(b'{"a": 1}\n' + large + b'\n{"a": 2}') == ["", "too large", ""]


CHUNKED = (
    b'{"a": "Bj\xc3\xb6rk \xf0\x9f\x98\x80"}\r\n{\n  "a": [1, 2, {"b": "}{"}],\n  "b": '
    b'-12.5e3\n}\n\n\nrubbish {"a"\n{"a": 1,}\n{"b": 12345}   12345 true\n'
    b'{"a": "\\ud83d\\ude00"}\n{"a": "\xff"}\n \t{"a": NaN}\n'
) * 6


@pytest.mark.parametrize("size", range(64, 96))
def test_edges_of_chunks_change_nothing(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """The same records are found wherever the file is cut into chunks."""
    whole = read(CHUNKED)
    assert len(whole) == 6 * 10
    monkeypatch.setattr(strict, "MAX_RECORD_BYTES", size)
    assert read(CHUNKED) == whole


def test_short_reads_change_nothing() -> None:
    """A stream may give fewer bytes than it is asked for."""

    class Slow(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            """Three bytes at most."""
            return super().read(min(size or 3, 3))

    assert list(split(Slow(CHUNKED), KEYS)) == read(CHUNKED)


def _rewritten(folder: Path, *contents: bytes) -> tuple[Input, list[dict[str, object]]]:
    paths = [folder / f"{number}.json" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    given = tuple(SourceFile("events", str(p), p.stat().st_size, 0) for p in paths)
    (folder / "joined.json").write_bytes(b"".join(contents))
    joined = Input("events", str(folder / "joined.json"), given, (0,) * len(given))
    source = rewrite(joined, KEYS, folder)
    text = Path(source.path).read_text("utf-8")
    return source, [json.loads(line) for line in text.removesuffix("\n").split("\n")]


def test_strict_input_has_a_record_a_line(tmp_path: Path) -> None:
    """Each line holds a record or why it is none, and where it was found."""
    source, lines = _rewritten(
        tmp_path, b'{\n"a": "x y"\n}\n', b'{"a":\r\n1}\nrubb\x00sh\xff\n{"b": [1,2]}'
    )
    assert source.strict
    assert source.records == (1, 3)
    assert [line.get("record") for line in lines] == [
        {"a": "x y"},
        {"a": 1},
        None,
        {"b": [1, 2]},
    ]
    assert lines[2] == {
        "uri": str(tmp_path / "1.json"),
        "position": 10,
        "line": 3,
        "reason": "not JSON",
        "raw_record": "rubb\ufffdsh\ufffd",
        "raw_bytes": 8,
    }


def test_inputs_of_one_name_are_split_apart(tmp_path: Path) -> None:
    """Files of two folders may have one name, and are read where they lie."""
    split_apart = []
    for number in range(2):
        path = tmp_path / str(number) / "events.json"
        path.parent.mkdir()
        path.write_text(json.dumps({"number": number}))
        file = SourceFile("events", str(path), path.stat().st_size, 1)
        plain = Input("events", str(path), (file,), (1,))
        split_apart.append(rewrite(plain, frozenset(), tmp_path))
    for number, each in enumerate(split_apart):
        line = json.loads(Path(each.path).read_text())
        assert (line["uri"], line["record"]) == (
            each.files[0].uri,
            {"number": number},
        )


def test_long_reject_is_cut_and_tells_its_length(tmp_path: Path) -> None:
    """The quarantine holds the beginning of a long text, and how long it was."""
    _, [line] = _rewritten(tmp_path, b"x" * 10_000)
    assert line["raw_record"] == "x" * RAW_CHARACTERS
    assert line["raw_bytes"] == 10_000
