"""Rules of Redshift that concern more than one node of a statement."""

from __future__ import annotations

from sqlglot import exp

from redshift_server import correlation
from redshift_server.errors import RedshiftError, syntax, unsupported
from redshift_server.functions import AGGREGATES, COMPUTE_ONLY, LEADER_ONLY
from redshift_server.tables import user_tables

MAX_LIMIT = 2**31 - 1
_LEADER_NODES = (
    exp.CurrentTimestamp,
    exp.CurrentTime,
    exp.Localtime,
    exp.Localtimestamp,
)


def check(tree: exp.Expr) -> None:
    """Raise if the statement breaks one of the rules."""
    for node in tree.walk():
        if isinstance(node, exp.Window):
            _check_window(node)
        elif isinstance(node, exp.With):
            _check_with(node)
        elif isinstance(node, (exp.Limit, exp.Offset)):
            _check_limit(node)
        elif isinstance(node, exp.Table):
            _check_table(node)
        elif isinstance(node, exp.Values):
            _check_values(node)
        elif isinstance(node, exp.Select):
            _check_select(node)
    _check_leader(tree)


def reads_a_table(tree: exp.Expr) -> bool:
    """Say whether a statement touches any table at all."""
    return any(True for _ in tree.find_all(exp.Table))


def _check_window(window: exp.Window) -> None:
    spec, order = window.args.get("spec"), window.args.get("order")
    if not isinstance(window.args.get("over"), str) or window.args.get("alias"):
        raise unsupported("a named window")
    if spec is not None and str(spec.args.get("kind", "")).upper() != "ROWS":
        raise unsupported(f"{spec.args.get('kind')} in a window frame")
    for term in [*(order.expressions if order else ()), *_partition(window)]:
        value = term.this if isinstance(term, exp.Ordered) else term
        if isinstance(value, exp.Literal):
            raise RedshiftError(
                "0A000", "constant expressions are not supported in window clauses"
            )
    name = _function_name(window.this)
    if name in AGGREGATES and order is not None and spec is None:
        raise RedshiftError(
            "0A000",
            "Aggregate window functions with an ORDER BY clause require a frame clause",
        )


def _partition(window: exp.Window) -> list[exp.Expr]:
    return list(window.args.get("partition_by") or ())


def _function_name(node: exp.Expr) -> str:
    while isinstance(node, (exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)):
        node = node.this
    return str(node.this).lower() if isinstance(node, exp.Anonymous) else ""


def _check_with(clause: exp.With) -> None:
    for cte in clause.expressions:
        if cte.this.args.get("with_") is not None:
            raise unsupported("a WITH clause inside a common table expression")
        if clause.args.get("recursive"):
            _check_recursive(cte)


def _check_recursive(cte: exp.CTE) -> None:
    body = cte.this
    if not isinstance(body, exp.Union):
        return
    if not cte.args["alias"].columns:
        raise RedshiftError(
            "42601",
            f'recursive common table expression "{cte.alias}" needs a column list',
        )
    if body.args.get("distinct"):
        raise unsupported("UNION in a recursive common table expression")
    for part in (body, body.expression):
        if part.args.get("order") is not None or part.args.get("limit") is not None:
            raise unsupported(
                "ORDER BY or LIMIT in a recursive common table expression"
            )


def _check_limit(node: exp.Limit | exp.Offset) -> None:
    value = node.expression
    if isinstance(value, exp.Literal) and value.is_int and int(value.this) > MAX_LIMIT:
        raise RedshiftError("22003", "LIMIT and OFFSET must be below 2147483648")


def _check_table(table: exp.Table) -> None:
    if isinstance(table.this, exp.Anonymous):
        name = str(table.this.this).lower()
        if name != "generate_series":
            raise unsupported(f"table function {name}() in FROM")


def _check_values(values: exp.Values) -> None:
    if not isinstance(values.parent, exp.Insert):
        raise unsupported("VALUES as a table")
    if len(values.expressions) > 1 and values.find(exp.Select) is not None:
        raise unsupported("a subquery in a multi-row VALUES")


def _check_select(select: exp.Select) -> None:
    if select.args.get("kind"):
        raise unsupported(f"SELECT AS {select.args['kind']}")
    distinct = select.args.get("distinct")
    if isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None:
        raise unsupported("DISTINCT ON")
    order = select.args.get("order")
    for term in order.expressions if order else ():
        if isinstance(term.this, exp.Literal) and term.this.is_string:
            raise unsupported("a string constant in ORDER BY")
    _check_qualify(select)
    correlation.check(select)


def _check_qualify(select: exp.Select) -> None:
    """Right after FROM, QUALIFY could be taken for an alias, so one must be there."""
    between = ("where", "group", "having")
    if select.args.get("qualify") is None or any(map(select.args.get, between)):
        return
    clauses = [select.args.get("from_"), *(select.args.get("joins") or ())]
    last = clauses[-1]
    if isinstance(last, exp.From) and not last.this.alias:
        raise syntax("qualify", hint="the relation before QUALIFY needs an alias")


def _check_leader(tree: exp.Expr) -> None:
    calls = {str(node.this).lower(): node for node in tree.find_all(exp.Anonymous)}
    names = set(calls)
    names |= {type(node).__name__.lower() for node in tree.find_all(*_LEADER_NODES)}
    if user_tables(tree):
        banned = names & LEADER_ONLY | names & {
            kind.__name__.lower() for kind in _LEADER_NODES
        }
        if banned:
            raise RedshiftError(
                "0A000",
                "Specified types or functions (one per INFO message) not supported on "
                "Redshift tables.",
                detail=f"Function {sorted(banned)[0]} runs on the leader node only.",
            )
    elif names & COMPUTE_ONLY and not reads_a_table(tree):
        raise RedshiftError(
            "0A000",
            "One or more of the used functions must be applied on at least one user "
            "created tables. Examples of user table only functions are LISTAGG, "
            "MEDIAN, PERCENTILE_CONT, etc",
        )


def check_merge(merge: exp.Merge) -> None:
    """Refuse what MERGE of PostgreSQL can and MERGE of Redshift cannot."""
    target, whens = merge.this, merge.args["whens"].expressions
    if target.args.get("alias") is not None:
        raise syntax(
            target.alias, hint="MERGE does not take an alias on the target table"
        )
    _check_source(merge)
    if len(whens) == 1:
        raise RedshiftError(
            "0A000", "MERGE statement with a single WHEN clause is not enabled"
        )
    arms = sorted(bool(when.args.get("matched")) for when in whens)
    if arms != [False, True]:
        raise unsupported(
            "MERGE with anything but one WHEN MATCHED and one WHEN NOT MATCHED"
        )
    for when in whens:
        _check_when(when)
    for node in merge.args["on"].find_all(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NEQ):
        raise unsupported(f"{node.key} in the ON clause of MERGE")


def _check_source(merge: exp.Merge) -> None:
    using = merge.args["using"]
    name = merge.this.name
    if isinstance(using, exp.Subquery) and any(
        table.name == name for table in using.find_all(exp.Table)
    ):
        raise RedshiftError(
            "0A000",
            "Source view/subquery in Merge statement cannot reference target table.",
        )


def _check_when(when: exp.When) -> None:
    then = when.args["then"]
    if isinstance(then, exp.Var) and then.name.upper() != "DELETE":
        raise unsupported(f"{then.name} in MERGE")
    if isinstance(then, exp.Update):
        for assignment in then.expressions:
            if isinstance(assignment.this, exp.Column) and assignment.this.table:
                raise syntax(
                    ".", hint="the SET clause of MERGE takes unqualified columns"
                )


def check_update(update: exp.Update) -> None:
    """Refuse UPDATEs that Redshift does not run."""
    target = update.this.alias_or_name
    for assignment in update.expressions:
        if not isinstance(assignment.this, exp.Column):
            raise unsupported("assignment to a row")
        if assignment.this.table:
            raise syntax(".", hint="the SET clause takes unqualified columns")
    for join in update.find_all(exp.Join):
        if not join.side:
            continue
        columns = join.args["on"].find_all(exp.Column) if join.args.get("on") else ()
        if any(column.table == target for column in columns):
            raise RedshiftError(
                "0A000", "Target table must be part of an equijoin predicate"
            )


def check_delete(delete: exp.Delete) -> None:
    """Refuse DELETEs that Redshift's grammar does not have."""
    if delete.this.args.get("alias") is not None:
        raise syntax(
            delete.this.alias, hint="DELETE does not take an alias on the target table"
        )
