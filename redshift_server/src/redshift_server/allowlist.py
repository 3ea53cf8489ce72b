"""The syntax that Redshift documents. A tree with anything else is refused."""

from __future__ import annotations

from sqlglot import exp

from redshift_server.errors import (
    RedshiftError,
    not_emulated,
    syntax,
    unsupported,
)
from redshift_server.reserved import RESERVED

_ALLOWED: frozenset[type[exp.Expr]] = frozenset(
    {
        # statements and clauses
        exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.With,
        exp.CTE, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.When, exp.Whens,
        exp.From, exp.Join, exp.Where, exp.Group, exp.GroupingSets, exp.Rollup,
        exp.Cube, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset,
        exp.Qualify, exp.Distinct, exp.Window, exp.WindowSpec, exp.WithinGroup,
        exp.Table, exp.TableAlias, exp.Identifier, exp.Column, exp.Star, exp.Alias,
        exp.Values, exp.Tuple, exp.Schema, exp.Into,
        # values
        exp.Literal, exp.Boolean, exp.Null, exp.Parameter, exp.Paren, exp.Var,
        exp.Cast, exp.DataType, exp.DataTypeParam, exp.Interval,
        # operators
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Pow, exp.Neg, exp.DPipe,
        exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseNot, exp.BitwiseLeftShift,
        exp.BitwiseRightShift, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT,
        exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike,
        exp.SimilarTo, exp.RegexpLike, exp.RegexpILike, exp.Escape, exp.Exists,
        exp.Any, exp.All, exp.Case, exp.If, exp.Sqrt, exp.Cbrt, exp.Abs,
        # functions with a syntax of their own; all others are Anonymous
        exp.Anonymous, exp.Extract, exp.Trim, exp.Substring, exp.StrPosition,
        exp.AtTimeZone, exp.IgnoreNulls, exp.RespectNulls, exp.CurrentDate,
        exp.CurrentUser, exp.CurrentTimestamp, exp.CurrentTime, exp.Localtime,
        exp.Localtimestamp, exp.SessionUser, exp.CurrentSchema,
    }
)  # fmt: skip

_REFUSED: dict[type[exp.Expr], str] = {
    exp.Filter: "FILTER clause of an aggregate",
    exp.Lateral: "LATERAL",
    exp.Array: "ARRAY constructor",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.OnConflict: "ON CONFLICT",
    exp.Returning: "RETURNING",
    exp.Lock: "SELECT ... FOR UPDATE",
    exp.Fetch: "FETCH FIRST",
    exp.TableSample: "TABLESAMPLE",
    exp.Unnest: "UNNEST of an array",
    exp.Collate: "COLLATE of an expression",
    exp.JSONExtract: "operator ->",
    exp.JSONExtractScalar: "operator ->>",
    exp.JSONBExtract: "operator #>",
    exp.JSONBExtractScalar: "operator #>>",
    exp.ArrayContainsAll: "operator @>",
    exp.ArrayContainedBy: "operator <@",
    exp.ArrayOverlaps: "operator &&",
    exp.Concat: "juxtaposition of literals",
    exp.Command: "this statement",
}
_SYNTAX_ERRORS: dict[type[exp.Expr], str] = {
    exp.OnConflict: "ON",
    exp.Returning: "RETURNING",
    exp.Lock: "FOR",
}

_NOT_EMULATED: dict[type[exp.Expr], str] = {
    exp.Bracket: "navigation of SUPER by []",
    exp.Dot: "navigation of SUPER by dots",
    exp.Pivot: "PIVOT and UNPIVOT",
}

# The parts of a node that Redshift knows; sqlglot's parser knows many more.
_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    kind: frozenset(parts.split())
    for kind, parts in {
        exp.Select: "kind with_ expressions distinct from_ joins where group having "
        "qualify order limit offset into",
        exp.Union: "with_ this distinct expression order limit offset by_name side "
        "kind",
        exp.Except: "with_ this distinct expression order limit offset by_name side "
        "kind",
        exp.Intersect: "with_ this distinct expression order limit offset by_name side "
        "kind",
        exp.Insert: "with_ this expression default is_function",
        exp.Update: "with_ this expressions from_ where",
        exp.Delete: "with_ this using where",
        exp.Merge: "this using on whens",
        exp.When: "matched then source",
        exp.Join: "this on side kind using method joins",
        exp.Table: "this alias db catalog joins",
        exp.TableAlias: "this columns",
        exp.Window: "this partition_by order spec over",
        exp.WindowSpec: "kind start start_side end end_side",
        exp.Ordered: "this desc nulls_first",
        exp.Group: "expressions grouping_sets cube rollup all",
        exp.Subquery: "this alias with_ joins order limit offset",
        exp.CTE: "this alias",
        exp.With: "expressions recursive",
        exp.Distinct: "expressions",
        exp.Star: "",
        exp.Limit: "expression",
        exp.Offset: "expression",
        exp.Cast: "this to",
        exp.Into: "this temporary",
    }.items()
}
_SYNTAX_PARTS = {"conflict": "ON", "returning": "RETURNING", "locks": "FOR"}
_PART_NAMES = {
    "windows": "the WINDOW clause",
    "locks": "SELECT ... FOR UPDATE",
    "laterals": "LATERAL",
    "sample": "TABLESAMPLE",
    "conflict": "ON CONFLICT",
    "returning": "RETURNING",
    "exclude": "EXCLUDE in a window frame",
    "only": "ONLY",
    "ordinality": "WITH ORDINALITY",
    "on": "DISTINCT ON",
    "materialized": "MATERIALIZED",
    "alias": "an alias here",
    "order": "ORDER BY here",
    "limit": "LIMIT here",
    "global_": "this join",
}


def check(tree: exp.Expr) -> None:
    """Raise unless every part of the tree is in Redshift's grammar."""
    for node in tree.walk():
        kind = type(node)
        if kind in _NOT_EMULATED:
            raise not_emulated(_NOT_EMULATED[kind])
        if kind in _SYNTAX_ERRORS:
            raise syntax(
                _SYNTAX_ERRORS[kind], hint=f"{_REFUSED[kind]} is not supported"
            )
        if kind in _REFUSED:
            raise unsupported(_REFUSED[kind])
        if kind not in _ALLOWED:
            raise not_on_the_list(kind.__name__)
        _check_parts(node, kind)
        if kind is exp.Identifier:
            _check_name(node)


def not_on_the_list(what: str) -> RedshiftError:
    """Return the error of syntax that nobody has said Redshift has."""
    return unsupported(
        what, hint="redshift_server: this is not on the allow list of Redshift's SQL."
    )


def _check_parts(node: exp.Expr, kind: type[exp.Expr]) -> None:
    allowed = _PARTS.get(kind)
    if allowed is None:
        return
    for part, value in node.args.items():
        if value and part not in allowed:
            if isinstance(node, exp.Star):
                raise not_emulated("SELECT * EXCLUDE")
            what = _PART_NAMES.get(part, f"{part} of {kind.__name__}")
            if part in _SYNTAX_PARTS:
                raise syntax(_SYNTAX_PARTS[part], hint=f"{what} is not supported")
            raise unsupported(what)


def _check_name(node: exp.Expr) -> None:
    name = node.name.lower()
    if node.args.get("quoted") or name not in RESERVED:
        return
    if isinstance(node.parent, exp.Column) and node.parent.table:
        return  # after a dot any word is a name, such as pg_class.oid
    if name == "default" and node.find_ancestor(exp.Values, exp.EQ) is not None:
        return
    raise syntax(name, hint=f'"{name}" is a reserved word; quote it')
