"""The physical attributes of a table: read, checked and kept, with no other effect."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from redshift_server.errors import RedshiftError, syntax
from redshift_server.stream import TokenStream, literal

MAX_SORT_KEYS = 400
MAX_INTERLEAVED_KEYS = 8
_ENCODINGS = frozenset(
    "raw az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 runlength text255 "
    "text32k zstd auto".split()
)
_STYLES = frozenset("AUTO EVEN KEY ALL".split())


@dataclass(frozen=True)
class Key:
    """An informational constraint: never enforced, trusted by a cluster's planner."""

    kind: str  # PRIMARY KEY, UNIQUE or FOREIGN KEY
    columns: list[str]
    references: str = ""
    referenced: list[str] = field(default_factory=list)  # empty: the other's key
    name: str = ""

    def json(self) -> str:
        """Return the key as the catalogue keeps it."""
        return json.dumps(asdict(self))


@dataclass
class Attributes:
    """What Redshift knows of a table and PostgreSQL does not."""

    diststyle: str = "AUTO"
    distkey: str = ""
    sortkey: list[str] = field(default_factory=list)
    sortstyle: str = ""  # compound, interleaved or auto
    encodings: dict[str, str] = field(default_factory=dict)
    backup: bool = True
    keys: list[Key] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)

    def set_distkey(self, column: str) -> None:
        """Take the one column that rows are distributed by."""
        if self.distkey:
            raise _one_distkey()
        self.distkey = column
        self.diststyle = "KEY"

    def check(self) -> None:
        """Refuse a key that names no column of the table."""
        for column in [self.distkey, *self.sortkey]:
            if column and column not in self.columns:
                raise RedshiftError(
                    "42703", f'column "{column}" named in key does not exist'
                )

    def record(self, table: str) -> str:
        """Return the statement that keeps these attributes with the table."""
        keys = f"[{', '.join(key.json() for key in self.keys)}]"
        return (
            "insert into pg_catalog.redshift_attributes select "
            f"{literal(table)}::regclass, {literal(self.diststyle)}, "
            f"{literal(self.distkey)}, {literal(json.dumps(self.sortkey))}::jsonb, "
            f"{literal(self.sortstyle)}, {literal(json.dumps(self.encodings))}::jsonb, "
            f"{str(self.backup).lower()}, {literal(keys)}::jsonb"
        )


def take_attributes(stream: TokenStream, attributes: Attributes) -> None:
    """Take what stands between the columns of a table and its end, or AS."""
    while not stream.done and not stream.at_words("AS"):
        take_attribute(stream, attributes)
    if attributes.diststyle == "KEY" and not attributes.distkey:
        raise RedshiftError("42P16", "DISTSTYLE KEY needs a DISTKEY")


def take_attribute(stream: TokenStream, attributes: Attributes) -> None:
    """Take one attribute of a table."""
    if stream.accept("DISTSTYLE"):
        _diststyle(stream, attributes)
    elif stream.accept("DISTKEY"):
        names = stream.names()
        if len(names) != 1:
            raise _one_distkey()
        attributes.set_distkey(names[0])
    elif stream.accept("BACKUP"):
        attributes.backup = take_yes(stream)
    elif not stream.accept("ENCODE", "AUTO"):
        _sortkey(stream, attributes)


def take_encoding(stream: TokenStream) -> str:
    """Take the name of a compression encoding."""
    name = stream.name()
    if name not in _ENCODINGS:
        raise RedshiftError("22023", f'invalid encoding type specified: "{name}"')
    return name


def take_yes(stream: TokenStream) -> bool:
    """Take YES or NO."""
    word = stream.accept_any("YES", "NO")
    if not word:
        raise stream.error()
    return word == "YES"


def _one_distkey() -> RedshiftError:
    return RedshiftError("42P16", "only one DISTKEY can be specified")


def _diststyle(stream: TokenStream, attributes: Attributes) -> None:
    style = stream.next().value.upper()
    if style not in _STYLES:
        raise syntax(style.lower())
    if attributes.distkey and style != "KEY":
        raise RedshiftError(
            "42P16", f"cannot specify a DISTKEY together with DISTSTYLE {style}"
        )
    attributes.diststyle = style


def _sortkey(stream: TokenStream, attributes: Attributes) -> None:
    style = stream.accept_any("COMPOUND", "INTERLEAVED").lower() or "compound"
    stream.expect("SORTKEY")
    if style == "compound" and stream.accept("AUTO"):
        attributes.sortstyle = "auto"
        return
    most = MAX_INTERLEAVED_KEYS if style == "interleaved" else MAX_SORT_KEYS
    attributes.sortkey = stream.names()
    attributes.sortstyle = style
    if len(attributes.sortkey) > most:
        raise RedshiftError("54011", f"at most {most} columns in a {style} sort key")
