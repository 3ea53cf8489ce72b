"""Views: bound, late-binding and materialized."""

from __future__ import annotations

from sqlglot import exp

from redshift_server.attributes import Attributes, take_attribute, take_yes
from redshift_server.dialect import write
from redshift_server.dml import checked, query_sql
from redshift_server.errors import RedshiftError, not_emulated, syntax, unsupported
from redshift_server.functions import AGGREGATES, LEADER_ONLY, MUTABLE
from redshift_server.lexer import Token
from redshift_server.options import Options
from redshift_server.plan import Plan
from redshift_server.rewrite import rewrite
from redshift_server.stream import TokenStream, literal, quote
from redshift_server.tables import is_system_table, named_tables

_UNBOUND = ["WITH", "NO", "SCHEMA", "BINDING"]


def create_view(
    stream: TokenStream, options: Options, source: str, *, replace: bool
) -> Plan:
    """CREATE VIEW, bound to its tables or not."""
    name = stream.qualified_name()
    columns = ""
    if stream.at_symbol("("):
        columns = f" ({', '.join(map(quote, stream.names()))})"
    stream.expect("AS")
    tokens = stream.rest()
    word = "or replace view" if replace else "view"
    if [token.word for token in tokens[-len(_UNBOUND) :]] == _UNBOUND:
        query = _unbound_query(tokens[: -len(_UNBOUND)])
        arguments = ", ".join(map(literal, (word, name, columns, query)))
        return Plan(
            source,
            sql=f"call redshift_internal.create_late_view({arguments})",
            tag="CREATE VIEW",
        )
    query = query_sql(tokens, options, shuffled=False)
    return Plan(source, sql=f"create {word} {name}{columns} as {query}")


def _unbound_query(tokens: list[Token]) -> str:
    """Return a late-binding view's query, whose tables name their schema."""
    tree = checked(tokens)
    if any(not table.db for table in named_tables(tree)):
        raise RedshiftError(
            "42601",
            "All the relation names inside should be qualified when creating VIEW "
            "WITH NO SCHEMA BINDING.",
        )
    return write(rewrite(tree))


def create_materialized_view(stream: TokenStream, source: str) -> Plan:
    """CREATE MATERIALIZED VIEW; it is refreshed on demand only."""
    name = stream.qualified_name()
    attributes, refreshed = Attributes(diststyle="EVEN"), False
    while not stream.at_words("AS"):
        if stream.accept("AUTO", "REFRESH"):
            refreshed = take_yes(stream)
        else:
            take_attribute(stream, attributes)
    stream.expect("AS")
    tokens = stream.rest()
    tree = checked(tokens)
    if not isinstance(tree, exp.Query):
        raise syntax(tokens[0].value)
    _check_definition(tree)
    mutable = _calls(tree) & MUTABLE
    if refreshed and mutable:
        raise unsupported(f"AUTO REFRESH with the mutable function {min(mutable)}")
    incremental = not mutable and _is_incremental(tree)
    flags = f"{incremental}, {refreshed}".lower()
    record = f"redshift_internal.record_materialized_view({literal(name)}, {flags})"
    return Plan(
        source,
        sql=f"create materialized view {name} as {write(rewrite(tree))}",
        followups=(attributes.record(name), f"select {record}"),
        tag="CREATE MATERIALIZED VIEW",
    )


def _check_definition(tree: exp.Query) -> None:
    """Refuse what a materialized view cannot be defined by."""
    for query in tree.find_all(exp.Query):
        for clause in ("ORDER BY", "LIMIT", "OFFSET"):
            if query.args.get(clause.split()[0].lower()) is not None:
                raise unsupported(f"{clause} in a materialized view")
    for table in named_tables(tree):
        if is_system_table(table):
            raise unsupported("a system table in a materialized view")
    leader = _calls(tree) & LEADER_ONLY
    if leader:
        raise unsupported(f"function {min(leader)} in a materialized view")


def _is_incremental(tree: exp.Query) -> bool:
    """Say whether REFRESH can work by the changes of the base tables."""
    if any(True for _ in tree.find_all(exp.SetOperation, exp.Window, exp.WithinGroup)):
        return False
    if any(join.side for join in tree.find_all(exp.Join)):
        return False
    for call in tree.find_all(exp.Anonymous):
        name = str(call.this).lower()
        distinct = any(isinstance(item, exp.Distinct) for item in call.expressions)
        if name in {"listagg", "median"} or (name in AGGREGATES and distinct):
            return False
    return all(
        isinstance(query.parent, exp.Subquery)
        and isinstance(query.parent.parent, (exp.From, exp.Join))
        for query in tree.find_all(exp.Select)
        if query is not tree and not isinstance(query.parent, exp.CTE)
    )


def _calls(tree: exp.Expr) -> set[str]:
    """Return the names of the functions that a query calls."""
    return {
        str(call.this if isinstance(call, exp.Anonymous) else call.sql_name()).lower()
        for call in tree.find_all(exp.Func)
    }


def refresh(stream: TokenStream, source: str) -> Plan:
    """REFRESH MATERIALIZED VIEW is a transaction of its own."""
    stream.expect("MATERIALIZED", "VIEW")
    name = stream.qualified_name()
    stream.accept("RESTRICT")
    if stream.accept("CASCADE"):
        raise not_emulated("REFRESH MATERIALIZED VIEW CASCADE")
    stream.end()
    return Plan(
        source,
        sql=f"refresh materialized view {name}",
        barred="REFRESH MATERIALIZED VIEW",
    )
