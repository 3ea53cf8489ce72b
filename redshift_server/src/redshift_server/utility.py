"""Blocks, locks and upkeep."""

from __future__ import annotations

from collections.abc import Callable

from redshift_server.errors import not_emulated, unsupported
from redshift_server.plan import Begin, Cancel, End, Plan, Truncate
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
            take_isolation_level(stream)
        elif not (stream.accept("READ", "WRITE") or stream.accept("READ", "ONLY")):
            raise stream.error()
        stream.accept_symbol(",")
    return Plan(source, action=Begin())


def take_isolation_level(stream: TokenStream) -> None:
    """Take the name of a level; all are accepted, none has an effect."""
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
            columns = f"({', '.join(map(quote, stream.names()))})"
    if not stream.accept("PREDICATE", "COLUMNS"):
        stream.accept("ALL", "COLUMNS")
    stream.end()
    return Plan(source, sql=f"analyze {table} {columns}".strip())


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
