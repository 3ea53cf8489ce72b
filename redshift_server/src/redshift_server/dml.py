"""Queries and changes of rows: parsed by sqlglot, checked, rewritten."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from redshift_server import allowlist, checks
from redshift_server.dialect import parse, write
from redshift_server.errors import syntax
from redshift_server.lexer import Kind, Token, render, word_token
from redshift_server.options import Options
from redshift_server.plan import Plan
from redshift_server.rewrite import rewrite, shuffle, shuffle_in_place
from redshift_server.stream import literal
from redshift_server.tables import user_tables

WRITE_LOCK = "lock table {} in share row exclusive mode"
_CONSTANTS = {"NULL", "TRUE", "FALSE", "DEFAULT"}
_LITERAL_TYPES = {"timestamp", "date", "timestamptz", "time", "interval"}


def translate_rows(tokens: list[Token], options: Options, source: str) -> Plan:
    """Plan a SELECT, WITH, INSERT, UPDATE, DELETE or MERGE."""
    bulk = _bulk_insert(tokens)
    if bulk is not None:
        head, rows = bulk
        plan = _plan(checked(head), options, source)
        return Plan(source=source, sql=plan.sql + rows, prelude=plan.prelude)
    if (
        tokens[0].is_word("DELETE")
        and len(tokens) > 1
        and not tokens[1].is_word("FROM")
    ):
        tokens = [tokens[0], word_token("FROM"), *tokens[1:]]
    if tokens[0].is_word("MERGE"):
        return _merge(tokens, options, source)
    return _plan(checked(tokens), options, source)


def query_sql(tokens: Sequence[Token], options: Options, *, shuffled: bool) -> str:
    """Return PostgreSQL's text of a query inside another statement."""
    tree = checked(tokens)
    if not isinstance(tree, exp.Query):
        raise syntax(tokens[0].value)
    tree = rewrite(tree)
    return write(shuffle(tree) if shuffled and options.shuffle else tree)


def expression_sql(tokens: Sequence[Token]) -> str:
    """Return PostgreSQL's text of one expression, such as a default."""
    tree = checked([word_token("SELECT"), *tokens])
    if len(tree.expressions) != 1:
        raise syntax(tokens[0].value)
    value = rewrite(tree).expressions[0]
    return write(value.unalias())


def checked(tokens: Sequence[Token]) -> exp.Expr:
    """Parse a statement and refuse what Redshift refuses."""
    tree = parse(render(_spelled_out(tokens)))
    allowlist.check(tree)
    checks.check(tree)
    return tree


def _spelled_out(tokens: Sequence[Token]) -> list[Token]:
    """FLOAT is eight bytes, which sqlglot would take for four."""
    result: list[Token] = []
    for token in tokens:
        if token.is_word("FLOAT"):
            result += [word_token("DOUBLE"), word_token("PRECISION")]
        else:
            result.append(token)
    return result


def _plan(tree: exp.Expr, options: Options, source: str) -> Plan:
    if isinstance(tree, exp.Query):
        return _query_plan(tree, options, source)
    if isinstance(tree, exp.Insert):
        return _insert_plan(tree, options, source)
    lock = WRITE_LOCK.format(_target(tree.this))
    if isinstance(tree, exp.Update):
        checks.check_update(tree)
        tree = _one_match_a_row(rewrite(tree))
    elif isinstance(tree, exp.Delete):
        checks.check_delete(tree)
        tree = rewrite(tree)
    else:
        raise allowlist.not_on_the_list(type(tree).__name__)
    return Plan(source=source, sql=write(tree), prelude=(lock,))


def _one_match_a_row(update: exp.Expr) -> exp.Expr:
    """Let UPDATE ... FROM fail where the session asks for one match a row.

    The condition added is a constant of the statement: PostgreSQL counts the matches
    once, and only if error_on_nondeterministic_update is on.
    """
    from_, where = update.args.get("from_"), update.args.get("where")
    if from_ is None:
        return update
    matching = f" where {write(where.this)}" if where is not None else ""
    guard = exp.Var(
        this="case when redshift_internal.flag('error_on_nondeterministic_update') "
        "then (select bool_and(redshift_internal.one_match(n)) from (select count(*) "
        f"as n from {write(update.this)}, {write(from_.this)}{matching} "
        f'group by "{update.this.alias_or_name}".ctid) as matches) '
        "is not false else true end"
    )
    condition = exp.and_(where.this, guard, copy=False) if where is not None else guard
    update.set("where", exp.Where(this=condition))
    return update


def _query_plan(tree: exp.Query, options: Options, source: str) -> Plan:
    shuffled = options.shuffle and bool(user_tables(tree))
    tableless = not checks.reads_a_table(tree) and _is_plain(tree)
    rewritten = rewrite(tree)
    sql = write(shuffle(rewritten) if shuffled else rewritten)
    return Plan(source=source, sql=sql, tableless=tableless)


def _is_plain(tree: exp.Query) -> bool:
    """Say whether a select may run outside the block without anybody noticing."""
    calls = {str(call.this).lower() for call in tree.find_all(exp.Anonymous)}
    return not calls & {"sysdate", "set_config", "current_setting"}


def _insert_plan(tree: exp.Insert, options: Options, source: str) -> Plan:
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if target.args.get("alias") is not None:
        raise syntax(target.alias, hint="INSERT does not take an alias on its target")
    table = _target(target)
    prelude = [WRITE_LOCK.format(table)] if options.serializable else []
    rewritten = rewrite(tree)
    if options.shuffle and isinstance(rewritten.expression, exp.Query):
        prelude.append(skip_identity(table))
        shuffle_in_place(rewritten.expression)
    return Plan(source=source, sql=write(rewritten), prelude=tuple(prelude))


def skip_identity(table: str) -> str:
    """Return the statement that leaves a gap in IDENTITY columns, as bulk loads do."""
    return f"select redshift_internal.skip_identity({literal(table)})"


def _target(node: exp.Expr) -> str:
    table = node.copy()
    table.set("alias", None)
    table.set("joins", None)
    return write(table)


def _merge(tokens: list[Token], options: Options, source: str) -> Plan:
    duplicates = tokens[-2:]
    if [token.word for token in duplicates] == ["REMOVE", "DUPLICATES"]:
        return _remove_duplicates(tokens[:-2], source)
    tree = checked(tokens)
    if not isinstance(tree, exp.Merge):
        raise syntax(tokens[0].value)
    checks.check_merge(tree)
    _name_values(tree)
    lock = WRITE_LOCK.format(_target(tree.this))
    return Plan(source=source, sql=write(rewrite(tree)), prelude=(lock,))


def _name_values(merge: exp.Merge) -> None:
    """sqlglot takes VALUES of an INSERT without columns for a function."""
    for when in merge.args["whens"].expressions:
        insert = when.args["then"]
        columns = insert.this if isinstance(insert, exp.Insert) else None
        if isinstance(columns, exp.Tuple) and isinstance(
            call := columns.expressions[0], exp.Anonymous
        ):
            insert.set("expression", exp.Tuple(expressions=call.expressions))
            insert.set("this", None)


def _remove_duplicates(tokens: list[Token], source: str) -> Plan:
    """Every target row that has a match goes; all rows of the source come."""
    arms = "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)"
    tree = checked([*tokens, *map(word_token, _words(arms))])
    if not isinstance(tree, exp.Merge):
        raise syntax("REMOVE")
    checks.check_merge(tree)
    _name_values(tree)
    tree = rewrite(tree)
    target, using = _target(tree.this), write(tree.args["using"])
    condition = write(tree.args["on"])
    return Plan(
        source=source,
        sql=f"insert into {target} select * from {using}",
        prelude=(
            WRITE_LOCK.format(target),
            f"delete from {target} using {using} where {condition}",
        ),
        tag="MERGE",
    )


def _words(text: str) -> list[str]:
    return text.replace("(", " ( ").replace(")", " ) ").split()


def _bulk_insert(tokens: list[Token]) -> tuple[list[Token], str] | None:
    """Split INSERT ... VALUES of literals after its first row.

    A row of literals needs no tree, and building one for each of 100,000 rows would
    take a minute.
    """
    if not tokens[0].is_word("INSERT"):
        return None
    values = next(
        (at for at, token in enumerate(tokens) if token.is_word("VALUES")), None
    )
    if values is None:
        return None
    end = _row_end(tokens, values + 1)
    if end is None or end == len(tokens):
        return None
    rest = tokens[end:]
    if not _only_literals(rest):
        return None
    return tokens[:end], " " + render(rest)


def _row_end(tokens: list[Token], start: int) -> int | None:
    depth = 0
    for at in range(start, len(tokens)):
        if tokens[at].is_symbol("("):
            depth += 1
        elif tokens[at].is_symbol(")"):
            depth -= 1
            if depth == 0:
                return at + 1
    return None


def _only_literals(tokens: list[Token]) -> bool:
    """Say whether tokens are `, (literal, ...)` over and over."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.kind in (Kind.STRING, Kind.NUMBER, Kind.PARAMETER):
            continue
        if token.kind is Kind.WORD:
            cast = tokens[at - 1].is_symbol("::") and token.value in _LITERAL_TYPES
            if not cast and token.word not in _CONSTANTS:
                return False
        elif token.is_symbol("("):
            depth += 1
        elif token.is_symbol(")"):
            depth -= 1
        elif token.value not in (",", "-", "+", "::"):
            return False
        if depth > 1:
            return False
    return depth == 0
