"""CREATE TABLE, parsed by hand: most of it is Redshift's own."""

from __future__ import annotations

from redshift_server.attributes import (
    Attributes,
    Key,
    take_attributes,
    take_encoding,
)
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
_TABLE_CONSTRAINTS = ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE", "CONSTRAINT")


def create_table(stream: TokenStream, options: Options, source: str) -> Plan:
    """Plan CREATE TABLE; CREATE and the words for TEMP are used up already."""
    stream.accept("LOCAL")
    temporary = bool(stream.accept_any("TEMP", "TEMPORARY"))
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
    inner = TokenStream(stream.parenthesised())
    if inner.accept("LIKE"):
        parent = inner.qualified_name()
        columns = [f"like {parent}{_like_defaults(inner)}"]
        record = _copy_attributes(parent, table)
    else:
        attributes = Attributes()
        columns = list(filter(None, inner.listed(lambda: _element(inner, attributes))))
        take_attributes(stream, attributes)
        attributes.check()
        record = attributes.record(table)
    inner.end()
    stream.end()
    if len(columns) > MAX_COLUMNS:
        raise RedshiftError("54011", "tables can have at most 1600 columns")
    if guarded:
        record += " on conflict do nothing"
    return Plan(
        source=source,
        sql=f"{head} ({', '.join(columns)})",
        followups=(record,),
        tag="CREATE TABLE",
    )


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
        names = f" ({', '.join(map(quote, stream.names()))})"
    take_attributes(stream, attributes)
    stream.expect("AS")
    query = query_sql(stream.rest(), options, shuffled=False)
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
        attributes.keys.append(take_key(stream))
        return ""
    return column_definition(stream, attributes)


def take_key(stream: TokenStream) -> Key:
    """Take a constraint of a table; there are keys only, and none is enforced."""
    name = stream.name() if stream.accept("CONSTRAINT") else ""
    if stream.at_words("CHECK") or stream.at_words("EXCLUDE"):
        raise unsupported(f"{stream.next().word} constraint")
    if stream.accept("PRIMARY", "KEY"):
        return Key("PRIMARY KEY", stream.names(), name=name)
    if stream.accept("UNIQUE"):
        return Key("UNIQUE", stream.names(), name=name)
    stream.expect("FOREIGN", "KEY")
    columns = stream.names()
    stream.expect("REFERENCES")
    return Key("FOREIGN KEY", columns, *_reference(stream), name=name)


def _reference(stream: TokenStream) -> tuple[str, list[str]]:
    table = stream.qualified_name()
    return table, stream.names() if stream.at_symbol("(") else []


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
        attributes.encodings[column] = take_encoding(stream)
    elif stream.accept("DISTKEY"):
        attributes.set_distkey(column)
    elif stream.accept("SORTKEY"):
        attributes.sortkey.append(column)
        attributes.sortstyle = "compound"
    elif stream.accept("PRIMARY", "KEY"):
        attributes.keys.append(Key("PRIMARY KEY", [column]))
    elif stream.accept("UNIQUE"):
        attributes.keys.append(Key("UNIQUE", [column]))
    elif stream.accept("REFERENCES"):
        attributes.keys.append(Key("FOREIGN KEY", [column], *_reference(stream)))
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
