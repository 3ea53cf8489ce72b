"""Puts results where they are asked for: a file, whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparkify.errors import OutputError


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A new file beside `path` that takes its place when the block ends well.

    A link stays one, and what is no file, such as a pipe, is written as it is.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        with _told(path):
            yield target
        return
    new = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    with _told(path, "; name another file"):
        new.touch(exist_ok=False)
    try:
        with _told(path):
            yield new
            if target.exists():
                shutil.copymode(target, new)
            new.replace(target)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def _told(path: Path, remedy: str = "") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}{remedy}."
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write a file of text, in UTF-8, lines as they are."""
    with replaced(path) as new:
        new.write_bytes(text.encode())
