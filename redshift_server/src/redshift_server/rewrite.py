"""Changes to a checked tree, so that PostgreSQL means what Redshift means."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from sqlglot import exp

from redshift_server.errors import RedshiftError, not_emulated
from redshift_server.functions import (
    AGGREGATES,
    ORDER_SENSITIVE,
    internal,
    rewrite_extract,
    rewrite_function,
)

_ROW_PREFIX, _VALUE_PREFIX, _KEEP = "_redshift_row", "_redshift_value", "_redshift_keep"

_NUMBERS = itertools.count(1)


def rewrite(tree: exp.Expr) -> exp.Expr:
    """Return the tree that is sent to PostgreSQL."""
    holder = exp.Paren(this=tree)
    for kind, change in _CHANGES:
        # Innermost first: a change may move the nodes below it.
        for node in reversed(list(holder.find_all(kind))):
            replacement = change(node)
            if replacement is not node:
                node.replace(replacement)
    result: exp.Expr = holder.this
    result.pop()
    return result


def shuffle(tree: exp.Expr) -> exp.Expr:
    """Give a query without ORDER BY an order that changes with every run."""
    if not isinstance(tree, exp.Query) or tree.args.get("order") is not None:
        return tree
    if tree.args.get("into") is not None:
        return tree
    limit, offset, clause = (
        part.pop() if (part := tree.args.get(name)) is not None else None
        for name in ("limit", "offset", "with_")
    )
    outer = exp.select("*").from_(
        exp.Subquery(
            this=tree, alias=exp.TableAlias(this=exp.to_identifier("unordered"))
        )
    )
    outer.set("order", exp.Order(expressions=[_random_term()]))
    outer.set("limit", limit)
    outer.set("offset", offset)
    outer.set("with_", clause)
    return outer


def shuffle_in_place(tree: exp.Expr) -> None:
    """Let a select that feeds an INSERT come in any order.

    It is not wrapped: in a subquery a bare NULL or literal would get a type of its own.
    """
    taken = ("distinct", "order", "limit", "offset")
    if isinstance(tree, exp.Select) and not any(map(tree.args.get, taken)):
        tree.set("order", exp.Order(expressions=[_random_term()]))


def _random_term() -> exp.Ordered:
    return exp.Ordered(this=exp.Anonymous(this="random", expressions=[]))


def _name_projections(select: exp.Expr) -> exp.Expr:
    """Keep the name Redshift gives to a column that is about to be rewritten."""
    for projection in list(select.expressions):
        if isinstance(projection, exp.Extract):
            projection.replace(exp.alias_(projection.copy(), "date_part"))
        elif isinstance(projection, exp.Anonymous) and _renames(projection):
            name = str(projection.this).lower()
            projection.replace(exp.alias_(projection.copy(), name, quoted=True))
        elif isinstance(projection, exp.WithinGroup | exp.Window):
            call = projection.find(exp.Anonymous)
            if call is not None:
                name = str(call.this).lower()
                projection.replace(exp.alias_(projection.copy(), name, quoted=True))
    return select


def _renames(call: exp.Anonymous) -> bool:
    return str(call.this).lower() in {
        "nvl", "nvl2", "decode", "concat", "median", "listagg", "pow", "replicate",
        "date_add", "date_diff",
    }  # fmt: skip


def _group_by_all(select: exp.Expr) -> exp.Expr:
    """GROUP BY ALL groups by every column of the list that is no aggregate."""
    group = select.args.get("group")
    if group is None or not group.args.get("all"):
        return select
    keys = [
        item.unalias().copy()
        for item in select.expressions
        if not any(
            str(call.this).lower() in AGGREGATES
            for call in item.find_all(exp.Anonymous)
        )
    ]
    select.set("group", exp.Group(expressions=keys) if keys else None)
    return select


def _qualify(select: exp.Expr) -> exp.Expr:
    """QUALIFY filters on a window: compute everything inside, keep what qualifies."""
    clause = select.args.get("qualify")
    if clause is None:
        return select
    condition = _inline_aliases(clause.pop().this, select)
    inner, outer = [], []
    for position, item in enumerate(select.expressions):
        if item.is_star:
            for row in _starred_rows(select, item):
                inner.append(exp.alias_(exp.column(row), f"{_ROW_PREFIX}_{row}"))
                outer.append(f"({_KEEP}.{_ROW_PREFIX}_{row}).*")
        else:
            name = item.alias_or_name or f"{_VALUE_PREFIX}_{position}"
            value = item.unalias() if isinstance(item, exp.Alias) else item
            inner.append(exp.alias_(value.copy(), name, quoted=True))
            outer.append(f'{_KEEP}."{name}"')
    inner.append(exp.alias_(condition, _KEEP))
    order, limit, offset, with_ = (
        part.pop() if (part := select.args.get(name)) is not None else None
        for name in ("order", "limit", "offset", "with_")
    )
    select.set("expressions", inner)
    wrapped = exp.Select(expressions=[exp.Var(this=text) for text in outer])
    alias = exp.TableAlias(this=exp.to_identifier(_KEEP))
    wrapped.set("from_", exp.From(this=exp.Subquery(this=select.copy(), alias=alias)))
    wrapped.set("where", exp.Where(this=exp.column(_KEEP, _KEEP)))
    for name, part in (
        ("order", order), ("limit", limit), ("offset", offset), ("with_", with_),
    ):  # fmt: skip
        wrapped.set(name, part)
    return wrapped


def _inline_aliases(condition: exp.Expr, select: exp.Expr) -> exp.Expr:
    """QUALIFY may use the select list's aliases."""
    values = {
        item.alias: item.this
        for item in select.expressions
        if isinstance(item, exp.Alias)
    }
    holder = exp.Paren(this=condition)
    for column in list(holder.find_all(exp.Column)):
        if not column.table and column.name in values:
            column.replace(exp.Paren(this=values[column.name].copy()))
    result: exp.Expr = holder.this
    return result.pop()


def _starred_rows(select: exp.Expr, item: exp.Expr) -> list[str]:
    if isinstance(item, exp.Column) and item.table:
        return [item.table]
    joins = select.args.get("joins") or []
    if any(join.args.get("using") or join.method for join in joins):
        raise not_emulated("SELECT * over JOIN USING together with QUALIFY")
    sources = [select.args["from_"], *joins]
    return [source.this.alias_or_name for source in sources]


def _window(node: exp.Expr) -> exp.Expr:
    """Ignore NULLs where asked to, and leave the order of ties open."""
    call, ignoring = node.this, False
    while isinstance(call, exp.IgnoreNulls | exp.RespectNulls):
        ignoring = ignoring or isinstance(call, exp.IgnoreNulls)
        call = call.this
    first = call.expressions[0] if getattr(call, "expressions", None) else None
    if isinstance(first, exp.IgnoreNulls | exp.RespectNulls):
        ignoring = ignoring or isinstance(first, exp.IgnoreNulls)
        first.replace(first.this)
    name = str(call.this).lower() if isinstance(call, exp.Anonymous) else ""
    if name == "ratio_to_report":
        return _ratio(node, call)
    if name in ORDER_SENSITIVE and node.args.get("order") is not None:
        node.args["order"].append("expressions", _random_term())
    if name == "nth_value" and ignoring:
        value, position = call.expressions
        node.set("this", internal("filled", [value]))
        return internal("element", [node.copy(), position])
    node.set("this", _ignoring_nulls(node, call, name) if ignoring else call)
    return node


def _ratio(window: exp.Expr, call: exp.Expr) -> exp.Expr:
    value = exp.cast(call.expressions[0].copy(), exp.DType.DOUBLE)
    total = window.copy()
    total.set("this", internal("sum", [call.expressions[0].copy()]))
    return exp.Paren(
        this=exp.Div(
            this=value,
            expression=exp.Anonymous(
                this="nullif", expressions=[total, exp.Literal.number(0)]
            ),
        )
    )


def _ignoring_nulls(window: exp.Expr, call: exp.Expr, name: str) -> exp.Expr:
    value = call.expressions[0]
    if name in {"first_value", "last_value"}:
        return internal(f"{name}_ignoring_nulls", [value])
    if name in {"lag", "lead"} and len(call.expressions) == 1:
        past = name == "lag"
        window.set("spec", _one_sided_frame(past=past))
        stand_in = "last_value" if past else "first_value"
        return internal(f"{stand_in}_ignoring_nulls", [value])
    raise not_emulated(f"IGNORE NULLS of {name}")


def _one_sided_frame(*, past: bool) -> exp.WindowSpec:
    """LAG is the last value of all rows before, LEAD the first of all after."""
    if past:
        start, start_side = "UNBOUNDED", "PRECEDING"
        end, end_side = exp.Literal.number(1), "PRECEDING"
        return exp.WindowSpec(
            kind="ROWS", start=start, start_side=start_side, end=end, end_side=end_side
        )
    return exp.WindowSpec(
        kind="ROWS",
        start=exp.Literal.number(1),
        start_side="FOLLOWING",
        end="UNBOUNDED",
        end_side="FOLLOWING",
    )


def _within_group(node: exp.Expr) -> exp.Expr:
    """LISTAGG ... WITHIN GROUP is an aggregate with an ORDER BY inside."""
    call = node.this
    if not call.meta.get("listagg"):
        return node
    return _ordered_string_agg(call, node.expression)


def _ordered_string_agg(call: exp.Expr, order: exp.Expr) -> exp.Expr:
    value, separator = call.expressions
    terms = [term.copy() for term in order.expressions]
    if isinstance(value, exp.Distinct):
        # With DISTINCT PostgreSQL sorts by the value itself only.
        terms = [
            exp.Ordered(
                this=value.expressions[0].copy(), desc=terms[0].args.get("desc")
            )
        ]
    else:
        terms.append(_random_term())
    call.set(
        "expressions",
        [value, exp.Order(this=separator, expressions=terms)],
    )
    return call


def _derived_table(node: exp.Expr) -> exp.Expr:
    """A subquery in FROM needs no alias in Redshift."""
    if isinstance(node.parent, exp.From | exp.Join) and not node.alias:
        name = exp.to_identifier(f"derived_{next(_NUMBERS)}")
        node.set("alias", exp.TableAlias(this=name))
    return node


def _union(node: exp.Expr) -> exp.Expr:
    if node.args.get("by_name") or node.args.get("side"):
        raise RedshiftError("42601", "syntax error in set operation")
    return node


_FLOATS = {exp.DType.DOUBLE, exp.DType.FLOAT}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "float8eq",
    exp.NEQ: "float8ne",
    exp.LT: "float8lt",
    exp.LTE: "float8le",
    exp.GT: "float8gt",
    exp.GTE: "float8ge",
}


def _constant_floats(node: exp.Expr) -> exp.Expr:
    """Between constants NaN equals itself; the operators are those of table scans."""
    constant = node.find(exp.Column, exp.Select, exp.Parameter) is None
    if constant and any(cast.to.this in _FLOATS for cast in node.find_all(exp.Cast)):
        name = _COMPARISONS[type(node)]
        return exp.Anonymous(this=name, expressions=[node.this, node.expression])
    return node


_CHANGES: list[tuple[type[exp.Expr], Callable[..., exp.Expr]]] = [
    (exp.SetOperation, _union),
    (exp.Select, _group_by_all),
    (exp.Select, _name_projections),
    (exp.Select, _qualify),
    (exp.Subquery, _derived_table),
    (exp.Window, _window),
    (exp.Anonymous, rewrite_function),
    (exp.Extract, rewrite_extract),
    (exp.WithinGroup, _within_group),
    *((kind, _constant_floats) for kind in _COMPARISONS),
]
