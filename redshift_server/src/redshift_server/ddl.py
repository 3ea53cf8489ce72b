"""CREATE TABLE and ALTER TABLE, parsed by hand: most of it is Redshift's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from redshift_server.dml import expression_sql, query_sql
from redshift_server.errors import (
    RedshiftError,
    not_emulated,
    syntax,
    unsupported,
)
from redshift_server.lexer import Kind, Token, fold
from redshift_server.options import Options
from redshift_server.plan import Plan
from redshift_server.reserved import FORBIDDEN_COLUMNS, RESERVED
from redshift_server.stream import TokenStream, literal, quote
from redshift_server.types import postgres_type

MAX_COLUMNS = 1600
MAX_SORT_KEYS = 400
MAX_INTERLEAVED_KEYS = 8
ENCODINGS = frozenset(
    "raw az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 runlength text255 "
    "text32k zstd auto".split()
)
_STYLES = frozenset("AUTO EVEN KEY ALL".split())
_TABLE_CONSTRAINTS = ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE", "CONSTRAINT")


@dataclass
class Attributes:
    """What Redshift knows of a table and PostgreSQL does not."""

    diststyle: str = "AUTO"
    distkey: str = ""
    sortkey: list[str] = field(default_factory=list)
    sortstyle: str = ""  # compound, interleaved or auto
    encodings: dict[str, str] = field(default_factory=dict)
    backup: bool = True
    keys: list[str] = field(default_factory=list)  # informational constraints
    columns: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Refuse a key that names no column of the table."""
        for column in [self.distkey, *self.sortkey]:
            if column and column not in self.columns:
                raise RedshiftError(
                    "42703", f'column "{column}" named in key does not exist'
                )

    def record(self, table: str) -> str:
        """Return the statement that keeps these attributes with the table."""
        return (
            "insert into pg_catalog.redshift_attributes select "
            f"{literal(table)}::regclass, {literal(self.diststyle)}, "
            f"{literal(self.distkey)}, {literal(json.dumps(self.sortkey))}::jsonb, "
            f"{literal(self.sortstyle)}, {literal(json.dumps(self.encodings))}::jsonb, "
            f"{str(self.backup).lower()}, {literal(json.dumps(self.keys))}::jsonb"
        )


def create_table(stream: TokenStream, options: Options, source: str) -> Plan:
    """Plan CREATE TABLE; CREATE and the words for TEMP are used up already."""
    temporary = False
    while stream.accept_any("LOCAL"):
        temporary = True
    if stream.accept_any("TEMP", "TEMPORARY"):
        temporary = True
    stream.expect("TABLE")
    guarded = stream.accept("IF", "NOT", "EXISTS")
    table = stream.qualified_name()
    temporary = temporary or table.startswith('"#')
    head = _head(table, temporary=temporary, guarded=guarded)
    if stream.at_symbol("(") and not _is_column_names(stream):
        return _columns_plan(stream, head, table, source, guarded=guarded)
    return _query_plan(stream, head, table, options, source)


def _head(table: str, *, temporary: bool, guarded: bool) -> str:
    words = ["create", "temp table" if temporary else "table"]
    if guarded:
        words.append("if not exists")
    return " ".join([*words, table])


def _is_column_names(stream: TokenStream) -> bool:
    """Say whether (a, b, ...) before AS follows, and not column definitions."""
    after = stream.peek(2)
    return after is not None and (after.is_symbol(",") or after.is_symbol(")"))


def _columns_plan(
    stream: TokenStream, head: str, table: str, source: str, *, guarded: bool
) -> Plan:
    attributes = Attributes()
    inner = TokenStream(stream.parenthesised())
    followups: tuple[str, ...] = ()
    if inner.accept("LIKE"):
        parent = inner.qualified_name()
        columns = [f"like {parent}{_like_defaults(inner)}"]
        followups = (_copy_attributes(parent, table),)
    else:
        columns = inner.listed(lambda: _element(inner, attributes))
        columns = [column for column in columns if column]
    inner.end()
    if len(columns) > MAX_COLUMNS:
        raise RedshiftError("54011", "tables can have at most 1600 columns")
    _table_attributes(stream, attributes)
    stream.end()
    if not followups:
        attributes.check()
        followups = (attributes.record(table),)
    if guarded:
        followups = tuple(_only_if_new(text) for text in followups)
    return Plan(
        source=source,
        sql=f"{head} ({', '.join(columns)})",
        followups=followups,
        tag="CREATE TABLE",
    )


def _only_if_new(record: str) -> str:
    return f"{record} on conflict do nothing"


def _like_defaults(stream: TokenStream) -> str:
    if stream.accept("INCLUDING", "DEFAULTS"):
        return " including defaults"
    stream.accept("EXCLUDING", "DEFAULTS")
    return ""


def _copy_attributes(parent: str, table: str) -> str:
    return (
        "insert into pg_catalog.redshift_attributes select "
        f"{literal(table)}::regclass, diststyle, distkey, sortkey, sortstyle, "
        "encodings, backup, '[]'::jsonb "
        "from pg_catalog.redshift_attributes "
        f"where relid = {literal(parent)}::regclass"
    )


def _query_plan(
    stream: TokenStream, head: str, table: str, options: Options, source: str
) -> Plan:
    attributes = Attributes()
    names = ""
    if stream.at_symbol("("):
        inner = TokenStream(stream.parenthesised())
        columns = inner.listed(inner.name)
        inner.end()
        names = " (" + ", ".join(quote(column) for column in columns) + ")"
    _table_attributes(stream, attributes)
    stream.expect("AS")
    tokens = stream.rest()
    while tokens and tokens[0].is_symbol("(") and tokens[-1].is_symbol(")"):
        tokens = tokens[1:-1]
    query = query_sql(tokens, options, shuffled=False)
    return Plan(
        source=source,
        sql=f"{head}{names} as {query}",
        # Redshift analyses what CREATE TABLE AS makes, and plans accordingly.
        followups=(attributes.record(table), f"analyze {table}"),
        tag="SELECT",
    )


def _element(stream: TokenStream, attributes: Attributes) -> str:
    token = stream.peek()
    if token is not None and token.is_word(*_TABLE_CONSTRAINTS):
        _table_constraint(stream, attributes)
        return ""
    return column_definition(stream, attributes)


def _table_constraint(stream: TokenStream, attributes: Attributes) -> None:
    if stream.accept("CONSTRAINT"):
        stream.name()
    if stream.accept_any("CHECK"):
        raise unsupported("CHECK constraint")
    if stream.accept_any("EXCLUDE"):
        raise unsupported("EXCLUDE constraint")
    if stream.accept("PRIMARY", "KEY"):
        kind = "PRIMARY KEY"
    elif stream.accept("UNIQUE"):
        kind = "UNIQUE"
    else:
        stream.expect("FOREIGN", "KEY")
        kind = "FOREIGN KEY"
    columns = _names(stream)
    if kind == "FOREIGN KEY":
        stream.expect("REFERENCES")
        _reference(stream)
    attributes.keys.append(f"{kind} ({', '.join(columns)})")


def _names(stream: TokenStream) -> list[str]:
    inner = TokenStream(stream.parenthesised())
    names = inner.listed(inner.name)
    inner.end()
    return names


def _reference(stream: TokenStream) -> None:
    stream.qualified_name()
    if stream.at_symbol("("):
        _names(stream)


def column_definition(stream: TokenStream, attributes: Attributes) -> str:
    """Take one column and return it for PostgreSQL."""
    name = _column_name(stream)
    attributes.columns.append(name)
    kind = type_of(stream)
    parts = [quote(name), kind]
    while not stream.done and not stream.at_symbol(","):
        parts.append(_column_attribute(stream, name, attributes))
    return " ".join(part for part in parts if part)


def _column_name(stream: TokenStream) -> str:
    token = stream.next()
    if not token.is_name:
        raise syntax(token.value)
    name = fold(token.value) if token.kind is Kind.WORD else token.value
    if token.kind is Kind.WORD and name in RESERVED and name not in FORBIDDEN_COLUMNS:
        raise syntax(token.value, hint=f'"{name}" is a reserved word; quote it')
    if name in FORBIDDEN_COLUMNS:
        raise RedshiftError(
            "42701", f'column name "{name}" conflicts with a system column name'
        )
    return name


def type_of(stream: TokenStream) -> str:
    """Take a type and return PostgreSQL's."""
    word = stream.next()
    if word.kind is not Kind.WORD:
        raise syntax(word.value)
    name = fold(word.value)
    if name in ("character", "binary", "nchar") and stream.accept("VARYING"):
        name += " varying"
    if name == "double":
        stream.expect("PRECISION")
    parameters = _type_parameters(stream)
    if name in ("time", "timestamp"):
        if stream.accept("WITH", "TIME", "ZONE"):
            name += "tz"
        else:
            stream.accept("WITHOUT", "TIME", "ZONE")
    if name == "interval":
        while stream.accept_any(
            "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"
        ):
            pass
    if stream.at_symbol("[") or stream.at_words("ARRAY"):
        raise RedshiftError("0A000", f'Column "" has unsupported type "{name}[]".')
    return postgres_type(name, parameters)


def _type_parameters(stream: TokenStream) -> list[str]:
    if not stream.at_symbol("("):
        return []
    inner = TokenStream(stream.parenthesised())
    parameters = inner.listed(lambda: inner.next().value)
    inner.end()
    return parameters


def _column_attribute(  # noqa: PLR0912 - one branch per attribute of the grammar
    stream: TokenStream, column: str, attributes: Attributes
) -> str:
    if stream.accept("NOT", "NULL"):
        return "not null"
    if stream.accept("NULL"):
        return ""
    if stream.accept("DEFAULT"):
        return f"default {expression_sql(_default_tokens(stream))}"
    if stream.accept("IDENTITY"):
        return _identity(stream, "always")
    if stream.accept("GENERATED", "BY", "DEFAULT", "AS", "IDENTITY"):
        return _identity(stream, "by default")
    if stream.accept("ENCODE"):
        attributes.encodings[column] = _encoding(stream)
    elif stream.accept("DISTKEY"):
        _set_distkey(attributes, column)
    elif stream.accept("SORTKEY"):
        attributes.sortkey.append(column)
        attributes.sortstyle = "compound"
    elif stream.accept("PRIMARY", "KEY"):
        attributes.keys.append(f"PRIMARY KEY ({column})")
    elif stream.accept("UNIQUE"):
        attributes.keys.append(f"UNIQUE ({column})")
    elif stream.accept("REFERENCES"):
        _reference(stream)
        attributes.keys.append(f"FOREIGN KEY ({column})")
    elif stream.accept("COLLATE"):
        _collation(stream)
    elif stream.accept("CHECK"):
        raise unsupported("CHECK constraint")
    else:
        raise stream.error()
    return ""


def _collation(stream: TokenStream) -> None:
    collation = stream.name()
    if collation == "case_insensitive":
        raise not_emulated("COLLATE CASE_INSENSITIVE")
    if collation != "case_sensitive":
        raise RedshiftError("42704", f'collation "{collation}" does not exist')


def _default_tokens(stream: TokenStream) -> list[Token]:
    """Take a default: up to the next attribute or the next column."""
    tokens: list[Token] = []
    starts = (
        "NOT", "NULL", "ENCODE", "DISTKEY", "SORTKEY", "PRIMARY", "UNIQUE",
        "REFERENCES", "IDENTITY", "COLLATE",
    )  # fmt: skip
    while (token := stream.peek()) is not None:
        if token.is_symbol(",") or (tokens and token.is_word(*starts)):
            break
        if token.is_symbol("("):
            tokens += [_symbol("("), *stream.parenthesised(), _symbol(")")]
        else:
            tokens.append(stream.next())
    if not tokens:
        raise stream.error()
    if any(token.is_word("SELECT") for token in tokens):
        raise unsupported("a subquery in DEFAULT")
    return tokens


def _symbol(text: str) -> Token:
    return Token(Kind.SYMBOL, text, text)


def _identity(stream: TokenStream, generated: str) -> str:
    inner = TokenStream(stream.parenthesised())
    seed = inner.integer()
    inner.expect_symbol(",")
    step = inner.integer()
    inner.end()
    if step == 0:
        raise RedshiftError("22023", "IDENTITY step must not be 0")
    bounds = f"minvalue {seed}" if step > 0 else f"maxvalue {seed}"
    return (
        f"generated {generated} as identity "
        f"(start with {seed} increment by {step} {bounds})"
    )


def _encoding(stream: TokenStream) -> str:
    name = stream.name()
    if name not in ENCODINGS:
        raise RedshiftError("22023", f'invalid encoding type specified: "{name}"')
    return name


def _set_distkey(attributes: Attributes, column: str) -> None:
    if attributes.distkey:
        raise RedshiftError("42P16", "only one DISTKEY can be specified")
    attributes.distkey = column
    attributes.diststyle = "KEY"


def _table_attributes(stream: TokenStream, attributes: Attributes) -> None:
    while not stream.done and not stream.at_words("AS"):
        if stream.accept("DISTSTYLE"):
            _diststyle(stream, attributes)
        elif stream.accept("DISTKEY"):
            _set_distkey(attributes, _only(_names(stream)))
        elif stream.accept("BACKUP"):
            attributes.backup = _yes(stream)
        elif stream.accept("ENCODE", "AUTO"):
            pass
        else:
            _sortkey(stream, attributes)
    if attributes.diststyle == "KEY" and not attributes.distkey:
        raise RedshiftError("42P16", "DISTSTYLE KEY needs a DISTKEY")


def _diststyle(stream: TokenStream, attributes: Attributes) -> None:
    style = stream.next().value.upper()
    if style not in _STYLES:
        raise syntax(style.lower())
    if attributes.distkey and style != "KEY":
        raise RedshiftError(
            "42P16", f"cannot specify a DISTKEY together with DISTSTYLE {style}"
        )
    attributes.diststyle = style


def _yes(stream: TokenStream) -> bool:
    word = stream.accept_any("YES", "NO")
    if not word:
        raise stream.error()
    return word == "YES"


def _only(names: list[str]) -> str:
    if len(names) != 1:
        raise RedshiftError("42P16", "only one DISTKEY can be specified")
    return names[0]


def _sortkey(stream: TokenStream, attributes: Attributes) -> None:
    style = stream.accept_any("COMPOUND", "INTERLEAVED").lower() or "compound"
    stream.expect("SORTKEY")
    if style == "compound" and stream.accept("AUTO"):
        attributes.sortstyle = "auto"
        return
    most = MAX_INTERLEAVED_KEYS if style == "interleaved" else MAX_SORT_KEYS
    attributes.sortkey = _names(stream)
    attributes.sortstyle = style
    if len(attributes.sortkey) > most:
        raise RedshiftError("54011", f"at most {most} columns in a {style} sort key")
