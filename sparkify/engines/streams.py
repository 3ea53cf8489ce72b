"""What COPY FROM STDIN reads: rows as bytes, made as they are asked for."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from threading import Thread
from typing import Self

from sparkify.engines.reader import MemoryReader
from sparkify.errors import SparkifyError

_BYTES = 256 * 1024
_UNSAFE = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}


class Stream(ABC):
    """Rows for COPY in one of its formats. `error` is why there are no more."""

    format: str
    error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def read(self, size: int, /) -> bytes:
        """About `size` bytes; none at the end."""
        try:
            data = self._next(size)
            if self.error:
                raise self.error
        except BaseException as error:
            # The driver tells the server, and what the server says hides it.
            self.error = self.error or error
            raise
        return data

    def abort(self) -> None:
        """Make the reading fail."""
        self.error = self.error or InterruptedError()

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
        self._end, writing = os.pipe()
        copy = (
            f"copy ({select}) to '/dev/fd/{writing}' "
            "(format csv, header false, nullstr '', use_tmp_file false)"
        )
        self._writer = Thread(target=self._write, args=(copy, writing), daemon=True)
        self._writer.start()

    def __exit__(self, *_: object) -> None:
        if self._writer.is_alive():
            self._reader.interrupt()
            # It may wait for room in the pipe.
            while os.read(self._end, _BYTES):
                pass
        self._writer.join()
        os.close(self._end)

    def abort(self) -> None:
        """Make the reading fail."""
        super().abort()
        self._reader.interrupt()

    def _next(self, size: int) -> bytes:
        data = os.read(self._end, size)
        if not data:
            self._writer.join()
        return data

    def _write(self, copy: str, writing: int) -> None:
        try:
            self._reader.run(copy)
        except SparkifyError as error:
            self.error = self.error or error
        finally:
            os.close(writing)


def _field(value: object) -> str:
    if value is None:
        return r"\N"
    return _UNSAFE.sub(lambda found: _ESCAPES[found[0]], str(value))
