"""What COPY FROM STDIN reads: rows as bytes, made as they are asked for."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from threading import Thread
from typing import Any, Self

from sparkify.engines.reader import MemoryReader
from sparkify.errors import SparkifyError

_BYTES = 256 * 1024
_UNSAFE = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}


class Stream(ABC):
    """Rows for COPY in one of its formats.

    Leaving its block ends it, and raises what made it fail: the server knows only that
    it did.
    """

    format: str
    _error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._error and isinstance(error, SparkifyError):
            raise self._error

    def read(self, size: int, /) -> bytes:
        """About `size` bytes; none at the end."""
        try:
            data = self._next(size)
            if self._error:
                raise self._error
        except BaseException as error:
            self._error = error
            raise
        return data

    def abort(self) -> None:
        """Make the reading fail."""
        self._error = self._error or InterruptedError()

    @abstractmethod
    def _next(self, size: int) -> bytes: ...


class Lines(Stream):
    """Rows of the client."""

    format = "text"

    def __init__(self, rows: Iterable[Sequence[object]]) -> None:
        self._rows = iter(rows)

    def _next(self, size: int) -> bytes:
        lines: list[str] = []
        while size > 0 and (row := next(self._rows, None)) is not None:
            line = "\t".join(map(_field, row))
            lines.append(line + "\n")
            size -= len(line)
        return "".join(lines).encode()


class Csv(Stream):
    """Rows of a reader's select, written by a thread into a pipe.

    Either end may fail: the other one then ends too.
    """

    format = "csv"

    def __init__(self, reader: MemoryReader, select: str) -> None:
        self._reader = reader
        self._select = select
        self._writer = Thread(target=self._write, daemon=True)

    def __enter__(self) -> Self:
        self._reading, self._writing = os.pipe()
        self._writer.start()
        return self

    def __exit__(self, *raised: Any) -> None:
        failure = self._error
        if self._writer.is_alive():
            self._reader.interrupt()
            # It may wait for room in the pipe.
            while os.read(self._reading, _BYTES):
                pass
        self._writer.join()
        os.close(self._reading)
        self._error = failure
        super().__exit__(*raised)

    def abort(self) -> None:
        """Make the reading fail."""
        super().abort()
        self._reader.interrupt()

    def _next(self, size: int) -> bytes:
        data = os.read(self._reading, size)
        if not data:
            self._writer.join()
        return data

    def _write(self) -> None:
        try:
            self._reader.run(
                f"copy ({self._select}) to '/dev/fd/{self._writing}' "
                "(format csv, header false, nullstr '', use_tmp_file false)"
            )
        except BaseException as error:  # noqa: BLE001  # told to the one who reads
            self._error = self._error or error
        finally:
            os.close(self._writing)


def _field(value: object) -> str:
    if value is None:
        return r"\N"
    return _UNSAFE.sub(lambda found: _ESCAPES[found[0]], str(value))
