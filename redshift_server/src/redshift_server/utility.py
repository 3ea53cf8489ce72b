"""Statements that are neither rows, tables nor rights: blocks, settings, upkeep."""

from __future__ import annotations

from collections.abc import Callable

from redshift_server import settings
from redshift_server.dml import query_sql
from redshift_server.errors import (
    RedshiftError,
    not_emulated,
    unsupported,
)
from redshift_server.lexer import Kind
from redshift_server.options import Options
from redshift_server.plan import Begin, Cancel, End, Plan, SetCase, Truncate
from redshift_server.rights import drop_role
from redshift_server.stream import TokenStream, literal, quote

_LEVELS = {
    ("SERIALIZABLE",),
    ("READ", "COMMITTED"),
    ("READ", "UNCOMMITTED"),
    ("REPEATABLE", "READ"),
}
_VACUUMS = ("FULL", "SORT", "DELETE", "REINDEX", "RECLUSTER")
_COMMENTED = ("TABLE", "COLUMN", "SCHEMA", "VIEW", "DATABASE")


def begin(stream: TokenStream, source: str) -> Plan:
    """BEGIN and START TRANSACTION; isolation levels are accepted and have no effect."""
    stream.accept_any("TRANSACTION", "WORK")
    while not stream.done:
        if stream.accept("ISOLATION", "LEVEL"):
            _isolation_level(stream)
        elif not (stream.accept("READ", "WRITE") or stream.accept("READ", "ONLY")):
            raise stream.error()
        stream.accept_symbol(",")
    return Plan(source, action=Begin())


def _isolation_level(stream: TokenStream) -> None:
    if not any(stream.accept(*words) for words in _LEVELS):
        raise stream.error()


def end(stream: TokenStream, source: str, *, commit: bool) -> Plan:
    """COMMIT, END, ROLLBACK and ABORT."""
    stream.accept_any("TRANSACTION", "WORK")
    if stream.at_words("TO"):
        raise unsupported("ROLLBACK TO SAVEPOINT")
    stream.end()
    return Plan(source, action=End(commit))


def lock(stream: TokenStream, source: str) -> Plan:
    """LOCK takes ACCESS EXCLUSIVE and knows no other mode."""
    stream.accept("TABLE")
    tables = stream.listed(stream.qualified_name)
    stream.end()
    sql = f"lock table {', '.join(tables)} in access exclusive mode"
    return Plan(source, sql=sql, tag="LOCK TABLE")


def truncate(stream: TokenStream, source: str) -> Plan:
    """TRUNCATE empties one table and commits."""
    stream.accept("TABLE")
    table = stream.qualified_name()
    stream.end()
    return Plan(source, action=Truncate(f"truncate table {table}"))


def vacuum(stream: TokenStream, source: str) -> Plan:
    """VACUUM with Redshift's options, as PostgreSQL's plain VACUUM."""
    if not stream.accept("SORT", "ONLY") and not stream.accept("DELETE", "ONLY"):
        stream.accept_any(*_VACUUMS)
    table = "" if stream.done else _vacuumed(stream)
    stream.end()
    return Plan(source, sql=f"vacuum {table}".strip(), barred="VACUUM")


def _vacuumed(stream: TokenStream) -> str:
    table = stream.qualified_name()
    if stream.accept("TO"):
        stream.integer()
        stream.expect("PERCENT")
    stream.accept("BOOST")
    return table


def analyze(stream: TokenStream, source: str) -> Plan:
    """ANALYZE, whole or by columns."""
    if stream.accept("COMPRESSION"):
        raise not_emulated("ANALYZE COMPRESSION")
    stream.accept("VERBOSE")
    table = columns = ""
    token = stream.peek()
    if token is not None and not token.is_word("PREDICATE", "ALL"):
        table = stream.qualified_name()
        if stream.at_symbol("("):
            inner = TokenStream(stream.parenthesised())
            names = ", ".join(quote(name) for name in inner.listed(inner.name))
            columns = f"({names})"
    if not stream.accept("PREDICATE", "COLUMNS"):
        stream.accept("ALL", "COLUMNS")
    stream.end()
    return Plan(source, sql=f"analyze {table} {columns}".strip())


def set_(stream: TokenStream, source: str) -> Plan:
    """SET of a known setting, for the session or the transaction."""
    if stream.accept("SESSION", "AUTHORIZATION"):
        word = "default" if stream.accept("DEFAULT") else quote(_word_or_string(stream))
        stream.end()
        return Plan(source, sql=f"set session authorization {word}")
    if stream.accept("SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"):
        return _transaction_mode(stream, source)
    if stream.accept("TRANSACTION"):
        return _transaction_mode(stream, source)
    local = stream.accept_any("LOCAL", "SESSION") == "LOCAL"
    if stream.accept("TIME", "ZONE"):
        name = "timezone"
    else:
        name = settings.check_name(stream.name())
        if not stream.accept("TO") and not stream.accept_symbol("="):
            raise stream.error()
    values = stream.listed(lambda: _value(stream))
    stream.end()
    return _set_plan(name, values, source, local=local)


def _transaction_mode(stream: TokenStream, source: str) -> Plan:
    stream.expect("ISOLATION", "LEVEL")
    _isolation_level(stream)
    stream.end()
    # Accepted without effect; this says so in PostgreSQL's words.
    return Plan(source, sql="set application_name from current", tag="SET")


def _value(stream: TokenStream) -> str:
    sign = "-" if stream.accept_symbol("-") else ""
    return sign + stream.next().value


def _word_or_string(stream: TokenStream) -> str:
    token = stream.next()
    return token.value if token.kind is Kind.STRING else token.value.lower()


def _set_plan(name: str, values: list[str], source: str, *, local: bool) -> Plan:
    scope = "local " if local else ""
    inner = settings.inner_name(name)
    if [value.lower() for value in values] == ["default"]:
        return Plan(source, sql=f"set {scope}{inner} to default")
    if name == "enable_case_sensitive_identifier":
        return Plan(source, action=SetCase(values[0].lower() in {"on", "true", "1"}))
    if settings.is_flag(name) and values[0].lower() not in {
        "on", "off", "true", "false", "1", "0",
    }:  # fmt: skip
        raise RedshiftError("22023", f'parameter "{name}" requires a Boolean value')
    checked = ", ".join(literal(settings.check_value(name, text)) for text in values)
    return Plan(source, sql=f"set {scope}{inner} to {checked}")


def reset(stream: TokenStream, source: str) -> Plan:
    """RESET of a setting or of all."""
    if stream.accept("ALL"):
        stream.end()
        return Plan(source, sql="reset all")
    if stream.accept("SESSION", "AUTHORIZATION"):
        stream.end()
        return Plan(source, sql="reset session authorization")
    name = settings.check_name(stream.name())
    stream.end()
    return Plan(source, sql=settings.reset_sql(name))


def show(stream: TokenStream, source: str) -> Plan:
    """SHOW of one setting."""
    token = stream.peek()
    if token is not None and token.is_word(
        "ALL", "TABLES", "SCHEMAS", "DATABASES", "TABLE", "VIEW", "COLUMNS",
        "PROCEDURE", "GRANTS", "DATASHARES", "MODEL", "CONSTRAINTS",
    ):  # fmt: skip
        raise not_emulated(f"SHOW {token.word}")
    name = "timezone" if stream.accept("TIME", "ZONE") else stream.name()
    stream.end()
    return Plan(source, sql=settings.show_sql(settings.check_name(name)), tag="SHOW")


def comment(stream: TokenStream, source: str) -> Plan:
    """COMMENT ON."""
    stream.expect("ON")
    kind = stream.accept_any(*_COMMENTED)
    if not kind:
        if stream.at_words("CONSTRAINT"):
            raise not_emulated("COMMENT ON CONSTRAINT")
        raise stream.error()
    name = _commented_name(stream)
    stream.expect("IS")
    text = "null" if stream.accept("NULL") else literal(stream.string())
    stream.end()
    return Plan(source, sql=f"comment on {kind.lower()} {name} is {text}")


def _commented_name(stream: TokenStream) -> str:
    parts = [stream.name()]
    while stream.accept_symbol("."):
        parts.append(stream.name())
    return ".".join(quote(part) for part in parts)


def cancel(stream: TokenStream, source: str) -> Plan:
    """CANCEL stops a query by the process id of its session."""
    pid = stream.integer()
    if not stream.done:
        stream.string()
    stream.end()
    return Plan(source, action=Cancel(pid))


def explain(
    stream: TokenStream, source: str, translate: Callable[[TokenStream], Plan]
) -> Plan:
    """EXPLAIN [VERBOSE]; ANALYZE would run the statement and is refused."""
    if stream.at_words("ANALYZE") or stream.at_symbol("("):
        raise stream.error()
    verbose = "verbose " if stream.accept("VERBOSE") else ""
    inner = translate(stream)
    if inner.action is not None:
        raise unsupported("EXPLAIN of this statement")
    return Plan(source, sql=f"explain {verbose}{inner.sql}", prelude=())


def declare(stream: TokenStream, options: Options, source: str) -> Plan:
    """DECLARE ... CURSOR FOR a query; forward only, inside a transaction."""
    name = quote(stream.name())
    if stream.accept_any("BINARY", "INSENSITIVE", "SCROLL", "NO"):
        raise stream.error()
    stream.expect("CURSOR")
    if stream.at_words("WITH"):
        raise unsupported("CURSOR WITH HOLD")
    stream.accept("WITHOUT", "HOLD")  # as psycopg2 writes it
    stream.expect("FOR")
    query = query_sql(stream.rest(), options, shuffled=True)
    return Plan(source, sql=f"declare {name} cursor for {query}")


def fetch(stream: TokenStream, source: str) -> Plan:
    """FETCH forward from a cursor."""
    direction = "next"
    token = stream.peek()
    if token is not None and token.is_word("BACKWARD", "PRIOR", "LAST", "ABSOLUTE"):
        raise unsupported(f"FETCH {token.word}")
    if stream.accept("NEXT"):
        pass
    elif stream.accept("ALL"):
        direction = "all"
    elif stream.accept("FORWARD"):
        direction = "forward " + ("all" if stream.accept("ALL") else _count(stream))
    elif token is not None and token.kind is Kind.NUMBER:
        direction = f"forward {stream.integer()}"
    stream.accept_any("FROM", "IN")
    name = quote(stream.name())
    stream.end()
    return Plan(source, sql=f"fetch {direction} from {name}")


def _count(stream: TokenStream) -> str:
    token = stream.peek()
    number = token is not None and token.kind is Kind.NUMBER
    return str(stream.integer()) if number else "1"


def close(stream: TokenStream, source: str) -> Plan:
    """CLOSE of a cursor."""
    name = quote(stream.name())
    stream.end()
    return Plan(source, sql=f"close {name}")


def deallocate(stream: TokenStream, source: str) -> Plan:
    """DEALLOCATE of one prepared statement; there is no ALL."""
    stream.accept("PREPARE")
    if stream.at_words("ALL"):
        raise unsupported("DEALLOCATE ALL")
    name = quote(stream.name())
    stream.end()
    return Plan(source, sql=f"deallocate {name}")


# -- schemas, views, databases ----------------------------------------------


def create_schema(stream: TokenStream, source: str) -> Plan:
    """CREATE SCHEMA with an owner and a quota, which is not kept."""
    guarded = "if not exists " if stream.accept("IF", "NOT", "EXISTS") else ""
    owner = ""
    if stream.accept("AUTHORIZATION"):
        name = owner = stream.name()
    else:
        name = stream.name()
        if stream.accept("AUTHORIZATION"):
            owner = stream.name()
    if stream.accept("QUOTA") and not stream.accept("UNLIMITED"):
        stream.integer()
        stream.accept_any("MB", "GB", "TB")
    stream.end()
    authorization = f" authorization {quote(owner)}" if owner else ""
    return Plan(source, sql=f"create schema {guarded}{quote(name)}{authorization}")


def create_view(
    stream: TokenStream, options: Options, source: str, *, replace: bool
) -> Plan:
    """CREATE VIEW; a late-binding one is checked when it is made."""
    name = stream.qualified_name()
    columns = ""
    if stream.at_symbol("("):
        inner = TokenStream(stream.parenthesised())
        names = ", ".join(quote(column) for column in inner.listed(inner.name))
        columns = f" ({names})"
    stream.expect("AS")
    tokens = stream.rest()
    tail = [token.word for token in tokens[-4:]]
    if tail == ["WITH", "NO", "SCHEMA", "BINDING"]:
        raise not_emulated("WITH NO SCHEMA BINDING")
    query = query_sql(tokens, options, shuffled=False)
    word = "or replace view" if replace else "view"
    return Plan(source, sql=f"create {word} {name}{columns} as {query}")


def create_materialized_view(
    stream: TokenStream, options: Options, source: str
) -> Plan:
    """CREATE MATERIALIZED VIEW; physical attributes are read and not kept."""
    name = stream.qualified_name()
    while not stream.at_words("AS"):
        if stream.accept("BACKUP") or stream.accept("AUTO", "REFRESH"):
            stream.accept_any("YES", "NO")
        elif stream.accept("DISTSTYLE"):
            stream.accept_any("ALL", "EVEN", "KEY", "AUTO")
        elif stream.accept_any("DISTKEY", "SORTKEY"):
            stream.parenthesised()
        else:
            raise stream.error()
    stream.expect("AS")
    query = query_sql(stream.rest(), options, shuffled=False)
    return Plan(source, sql=f"create materialized view {name} as {query}")


def refresh(stream: TokenStream, source: str) -> Plan:
    """REFRESH MATERIALIZED VIEW is a transaction of its own."""
    stream.expect("MATERIALIZED", "VIEW")
    name = stream.qualified_name()
    stream.end()
    return Plan(
        source,
        sql=f"refresh materialized view {name}",
        barred="REFRESH MATERIALIZED VIEW",
    )


def drop(stream: TokenStream, source: str) -> Plan:
    """DROP of what Redshift has."""
    if stream.accept("MATERIALIZED"):
        stream.expect("VIEW")
        return _drop(stream, source, "materialized view")
    kind = stream.accept_any(
        "TABLE", "VIEW", "SCHEMA", "USER", "GROUP", "ROLE", "DATABASE"
    )
    if kind in ("USER", "GROUP", "ROLE"):
        return drop_role(stream, source, kind)
    if kind == "DATABASE":
        name = quote(stream.name())
        stream.accept("FORCE")
        stream.end()
        return Plan(source, sql=f"drop database {name}", barred="DROP DATABASE")
    if not kind:
        token = stream.next()
        raise unsupported(f"DROP {token.value.upper()}")
    return _drop(stream, source, kind.lower())


def _drop(stream: TokenStream, source: str, kind: str) -> Plan:
    guarded = "if exists " if stream.accept("IF", "EXISTS") else ""
    names = ", ".join(stream.listed(stream.qualified_name))
    mode = stream.accept_any("CASCADE", "RESTRICT").lower()
    stream.end()
    return Plan(source, sql=f"drop {kind} {guarded}{names} {mode}".strip())


def alter_schema(stream: TokenStream, source: str) -> Plan:
    """ALTER SCHEMA: rename, owner, quota."""
    name = quote(stream.name())
    if stream.accept("RENAME", "TO"):
        change = f"rename to {quote(stream.name())}"
    elif stream.accept("OWNER", "TO"):
        change = f"owner to {quote(stream.name())}"
    else:
        raise not_emulated("ALTER SCHEMA QUOTA")
    stream.end()
    return Plan(source, sql=f"alter schema {name} {change}")


def create_database(stream: TokenStream, source: str) -> Plan:
    """CREATE DATABASE [OWNER]."""
    name = quote(stream.name())
    owner = ""
    stream.accept("WITH")
    if stream.accept("OWNER"):
        stream.accept_symbol("=")
        owner = f" owner {quote(stream.name())}"
    if not stream.done:
        raise not_emulated("options of CREATE DATABASE")
    return Plan(source, sql=f"create database {name}{owner}", barred="CREATE DATABASE")
