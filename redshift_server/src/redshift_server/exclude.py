"""SELECT ... EXCLUDE: the columns behind a star, less those named.

Only PostgreSQL knows which columns there are, and only in the client's own session,
which has its temporary tables. A translation that lacks them says so by
`ColumnsNeededError`; the session asks, and translates again with the answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar

from sqlglot import exp

from redshift_server.dialect import write
from redshift_server.errors import RedshiftError, syntax
from redshift_server.lexer import Kind, Token
from redshift_server.rewrite import rewrite, starred_rows

Columns = Mapping[str, Sequence[str]]

_KNOWN: ContextVar[Columns] = ContextVar("columns of queries")


class ColumnsNeededError(Exception):
    """The names of a query's columns are needed to go on."""

    def __init__(self, key: str, query: str) -> None:
        super().__init__(query)
        self.key = key
        self.query = query


@contextlib.contextmanager
def known(columns: Columns) -> Iterator[None]:
    """Let translations know the columns of some queries."""
    token = _KNOWN.set(columns)
    try:
        yield
    finally:
        _KNOWN.reset(token)


def parenthesise(tokens: Sequence[Token]) -> list[Token]:
    """Put EXCLUDE a, b into parentheses; refuse * EXCEPT (a), which sqlglot knows."""
    result: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        after_star = at > 0 and tokens[at - 1].is_symbol("*")
        if token.is_word("EXCEPT") and after_star and _is_open(tokens, at + 1):
            raise syntax(token.value, hint="EXCLUDE leaves columns out")
        result.append(token)
        at += 1
        if token.is_word("EXCLUDE") and (names := _bare_names(tokens[at:])):
            result += [_symbol("("), *names, _symbol(")")]
            at += len(names)
    return result


def _is_open(tokens: Sequence[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].is_symbol("(")


def _bare_names(tokens: Sequence[Token]) -> list[Token]:
    names: list[Token] = []
    for token in tokens:
        wanted = token.is_symbol(",") if len(names) % 2 else token.is_name
        if not wanted or token.is_word("FROM", "INTO"):
            break
        names.append(token)
    return names


def _symbol(text: str) -> Token:
    return Token(Kind.SYMBOL, text, text)


def expand(tree: exp.Expr) -> exp.Expr:
    """Write out the lists of all selects that leave columns out."""
    for select in _inside_out(tree):
        names = _take_excluded(select)
        if names:
            _expand(select, names)
    return tree


def _inside_out(node: exp.Expr) -> Iterator[exp.Select]:
    """Yield a select after all that it reads; a WITH clause comes first."""
    clause = node.args.get("with_")
    if clause is not None:
        yield from _inside_out(clause)
    for child in node.iter_expressions():
        if child is not clause:
            yield from _inside_out(child)
    if isinstance(node, exp.Select):
        yield node


def _take_excluded(select: exp.Select) -> list[str]:
    excluded = select.args.get("exclude") or []
    select.set("exclude", None)
    for item in select.expressions:
        star = item.this if isinstance(item, exp.Column) else item
        if not isinstance(star, exp.Star) or not star.args.get("except_"):
            continue
        if item is not select.expressions[-1]:
            raise syntax(",", hint="EXCLUDE ends the list of a SELECT")
        excluded = star.args["except_"]
        star.set("except_", None)
    if not all(isinstance(name, exp.Column) and not name.table for name in excluded):
        raise syntax("exclude", hint="EXCLUDE takes names of columns only")
    return [name.name.lower() for name in excluded]


def _expand(select: exp.Select, names: list[str]) -> None:
    if select.args.get("from_") is None:
        raise syntax("exclude", hint="EXCLUDE needs a FROM clause")
    sources = [select.args["from_"], *(select.args.get("joins") or [])]
    for position, source in enumerate(sources):
        if isinstance(source.this, exp.Subquery) and not source.this.alias:
            alias = exp.to_identifier(f"source_{position}")
            source.this.set("alias", exp.TableAlias(this=alias))
    items: list[exp.Expr] = []
    for item in select.expressions:
        if item.is_star:
            items += [
                exp.column(column, row, quoted=True)
                for row in starred_rows(select, item, "EXCLUDE")
                for column in _columns_of(_probe(select, row))
            ]
        else:
            items.append(item)
    left_out = {item.name for item in items if isinstance(item, exp.Column)}
    for name in names:
        if name not in left_out:
            raise RedshiftError("42703", f'column "{name}" does not exist')
    kept = [
        item
        for item in items
        if not (isinstance(item, exp.Column) and item.name in names)
    ]
    if not kept:
        raise syntax("exclude", hint="EXCLUDE leaves no column")
    select.set("expressions", kept)


def _columns_of(probe: exp.Select) -> Sequence[str]:
    columns = _KNOWN.get()
    # As written: rewriting gives new names each time.
    key = probe.sql()
    if key not in columns:
        raise ColumnsNeededError(key, write(rewrite(probe)))
    return columns[key]


def _probe(select: exp.Select, row: str) -> exp.Select:
    """Return a query that has the columns of one row of FROM."""
    star = exp.Column(this=exp.Star(), table=exp.to_identifier(row, quoted=True))
    probe = exp.Select(expressions=[star])
    probe.set("from_", select.args["from_"].copy())
    probe.set("joins", [join.copy() for join in select.args.get("joins") or []])
    ctes = _visible(select)
    if ctes:
        probe.set("with_", exp.With(expressions=[cte.copy() for cte in ctes]))
    return probe


def _visible(select: exp.Select) -> list[exp.Expr]:
    """Return the common table expressions that a select can name."""
    ctes: dict[str, exp.Expr] = {}
    inner: exp.Expr = select
    node: exp.Expr | None = select
    while node is not None:
        clause = node if isinstance(node, exp.With) else node.args.get("with_")
        if clause is not None and clause is not inner:
            for cte in clause.expressions:
                if cte is inner:
                    break
                ctes.setdefault(cte.alias, cte)
        inner, node = node, node.parent
    return list(ctes.values())
