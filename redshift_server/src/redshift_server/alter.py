"""ALTER TABLE: one change per statement, and few changes of a column."""

from __future__ import annotations

from redshift_server.attributes import Attributes, take_encoding
from redshift_server.ddl import column_definition, take_key, type_of
from redshift_server.errors import RedshiftError, not_emulated, syntax, unsupported
from redshift_server.plan import Plan
from redshift_server.stream import TokenStream, literal, quote

_TAG = "ALTER TABLE"
_ATTRIBUTES = "pg_catalog.redshift_attributes"


def alter_table(stream: TokenStream, source: str) -> Plan:
    """Plan ALTER TABLE; the two words are used up already."""
    table = stream.qualified_name()
    plan = _change(stream, table, source)
    stream.end()
    return plan


def _change(stream: TokenStream, table: str, source: str) -> Plan:
    if stream.accept("ADD"):
        return _add(stream, table, source)
    if stream.accept("DROP"):
        return _drop(stream, table, source)
    if stream.accept("RENAME"):
        return _rename(stream, table, source)
    if stream.accept("OWNER", "TO"):
        owner = quote(stream.name())
        return Plan(source, sql=f"alter table {table} owner to {owner}", tag=_TAG)
    if stream.accept("APPEND", "FROM"):
        return _append(stream, table, source)
    if stream.accept("ALTER"):
        return _alter(stream, table, source)
    if stream.at_words("SET"):
        raise not_emulated("ALTER TABLE SET")
    raise stream.error()


def _add(stream: TokenStream, table: str, source: str) -> Plan:
    token = stream.peek()
    if token is not None and token.is_word(
        "CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN"
    ):
        return _add_key(stream, table, source)
    stream.accept("COLUMN")
    attributes = Attributes()
    definition = column_definition(stream, attributes)
    if "generated" in definition:
        raise RedshiftError("0A000", "cannot add an IDENTITY column to a table")
    if attributes.distkey or attributes.sortkey or attributes.keys:
        raise syntax("DISTKEY", hint="an added column cannot be a key")
    if definition.endswith("not null") and "default" not in definition:
        raise RedshiftError(
            "0A000",
            "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default "
            "expression",
        )
    if stream.at_symbol(","):
        raise unsupported("more than one change in ALTER TABLE")
    return Plan(source, sql=f"alter table {table} add column {definition}", tag=_TAG)


def _add_key(stream: TokenStream, table: str, source: str) -> Plan:
    key = literal(take_key(stream).json())
    return _set(table, source, f"keys = keys || {key}::jsonb")


def _drop(stream: TokenStream, table: str, source: str) -> Plan:
    if stream.accept("CONSTRAINT"):
        name = stream.name()
        stream.accept_any("CASCADE", "RESTRICT")
        kept = (
            "select coalesce(jsonb_agg(k), '[]') from jsonb_array_elements(keys) k "
            f"where k ->> 'name' <> {literal(name)}"
        )
        return _set(table, source, f"keys = ({kept})")
    stream.accept("COLUMN")
    column = stream.name()
    mode = stream.accept_any("CASCADE", "RESTRICT").lower()
    return Plan(
        source, sql=f"alter table {table} drop column {quote(column)} {mode}", tag=_TAG
    )


def _rename(stream: TokenStream, table: str, source: str) -> Plan:
    if stream.accept("TO"):
        return Plan(
            source,
            sql=f"alter table {table} rename to {quote(stream.name())}",
            prelude=(f"select redshift_internal.check_rename({literal(table)})",),
            tag=_TAG,
        )
    stream.accept("COLUMN")
    old = quote(stream.name())
    stream.expect("TO")
    change = f"rename column {old} to {quote(stream.name())}"
    return Plan(source, sql=f"alter table {table} {change}", tag=_TAG)


def _append(stream: TokenStream, table: str, source: str) -> Plan:
    """Move all rows; unlike a real append, by copying them."""
    origin = stream.qualified_name()
    if stream.accept_any("IGNOREEXTRA", "FILLTARGET"):
        raise not_emulated("IGNOREEXTRA and FILLTARGET")
    return Plan(
        source,
        sql=f"call redshift_internal.append({literal(table)}, {literal(origin)})",
        barred="ALTER TABLE APPEND",
        tag="ALTER TABLE APPEND",
    )


def _alter(stream: TokenStream, table: str, source: str) -> Plan:
    if stream.accept("DISTKEY"):
        column = stream.name()
        return _set(table, source, f"diststyle = 'KEY', distkey = {literal(column)}")
    if stream.accept("DISTSTYLE"):
        return _alter_diststyle(stream, table, source)
    if stream.at_words("COMPOUND") or stream.at_words("SORTKEY"):
        return _alter_sortkey(stream, table, source)
    if stream.accept("ENCODE", "AUTO"):
        return _set(table, source, "encodings = '{}'")
    stream.accept("COLUMN")
    return _alter_column(stream, table, source)


def _set(table: str, source: str, change: str) -> Plan:
    sql = f"update {_ATTRIBUTES} set {change} where relid = {literal(table)}::regclass"
    return Plan(source, sql=sql, tag=_TAG)


def _alter_diststyle(stream: TokenStream, table: str, source: str) -> Plan:
    style = stream.accept_any("ALL", "EVEN", "AUTO", "KEY")
    if not style:
        raise stream.error()
    column = ""
    if style == "KEY":
        stream.expect("DISTKEY")
        column = stream.name()
    change = f"diststyle = {literal(style)}, distkey = {literal(column)}"
    return _set(table, source, change)


def _alter_sortkey(stream: TokenStream, table: str, source: str) -> Plan:
    stream.accept("COMPOUND")
    stream.expect("SORTKEY")
    word = stream.accept_any("AUTO", "NONE").lower()
    if word:
        style = "auto" if word == "auto" else ""
        return _set(table, source, f"sortkey = '[]', sortstyle = '{style}'")
    columns = ", ".join(map(literal, stream.names()))
    return _set(
        table, source, f"sortkey = to_jsonb(array[{columns}]), sortstyle = 'compound'"
    )


def _alter_column(stream: TokenStream, table: str, source: str) -> Plan:
    column = stream.name()
    if stream.accept("ENCODE"):
        encoding = literal(take_encoding(stream))
        entry = f"jsonb_build_object({literal(column)}, {encoding})"
        plan = _set(table, source, f"encodings = encodings || {entry}")
        return Plan(source, sql=plan.sql, barred="ALTER TABLE ALTER COLUMN", tag=_TAG)
    if not stream.accept("TYPE"):
        raise unsupported("ALTER COLUMN with anything but TYPE and ENCODE")
    kind = type_of(stream)
    if not kind.startswith("varchar"):
        raise RedshiftError("0A000", "only the size of a VARCHAR column can be altered")
    arguments = ", ".join(map(literal, (table, column, kind)))
    return Plan(
        source,
        sql=f"call redshift_internal.alter_type({arguments})",
        barred="ALTER TABLE ALTER COLUMN",
        tag=_TAG,
    )
