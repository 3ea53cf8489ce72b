"""The SQL front: a text to plans, by the first word of each statement."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from redshift_server import cursors, objects, rights, utility, variables, views
from redshift_server.alter import alter_table
from redshift_server.copy_options import parse_copy
from redshift_server.ddl import create_table
from redshift_server.dml import translate_rows
from redshift_server.errors import not_emulated, syntax, unsupported
from redshift_server.lexer import Token, render, split_statements, tokenize
from redshift_server.options import Options
from redshift_server.plan import Plan
from redshift_server.stream import TokenStream
from redshift_server.unload import parse_unload

_CACHE_ENTRIES = 4096
_CACHE_TEXT = 100_000

_ROWS = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE"}

# PostgreSQL runs these; Redshift has no such statement.
_FOREIGN_STATEMENTS = {
    "SAVEPOINT": "SAVEPOINT",
    "RELEASE": "RELEASE SAVEPOINT",
    "LISTEN": "LISTEN",
    "NOTIFY": "NOTIFY",
    "UNLISTEN": "UNLISTEN",
    "DO": "DO block",
    "CLUSTER": "CLUSTER",
    "REINDEX": "REINDEX",
    "CHECKPOINT": "CHECKPOINT",
    "LOAD": "LOAD",
    "SECURITY": "SECURITY LABEL",
    "IMPORT": "IMPORT FOREIGN SCHEMA",
    "REASSIGN": "REASSIGN OWNED",
    "DISCARD": "DISCARD",
    "MOVE": "MOVE",
    "TABLE": "TABLE as a query",
    "VALUES": "VALUES as a query",
}
_FOREIGN_OBJECTS = {
    "INDEX": "CREATE INDEX",
    "UNIQUE": "CREATE UNIQUE INDEX",
    "SEQUENCE": "CREATE SEQUENCE",
    "TRIGGER": "CREATE TRIGGER",
    "CONSTRAINT": "CREATE CONSTRAINT TRIGGER",
    "EVENT": "CREATE EVENT TRIGGER",
    "RULE": "CREATE RULE",
    "DOMAIN": "CREATE DOMAIN",
    "TYPE": "CREATE TYPE",
    "EXTENSION": "CREATE EXTENSION",
    "TABLESPACE": "CREATE TABLESPACE",
    "AGGREGATE": "CREATE AGGREGATE",
    "OPERATOR": "CREATE OPERATOR",
    "CAST": "CREATE CAST",
    "COLLATION": "CREATE COLLATION",
    "CONVERSION": "CREATE CONVERSION",
    "PUBLICATION": "CREATE PUBLICATION",
    "SUBSCRIPTION": "CREATE SUBSCRIPTION",
    "STATISTICS": "CREATE STATISTICS",
    "FOREIGN": "CREATE FOREIGN TABLE",
    "SERVER": "CREATE SERVER",
    "UNLOGGED": "CREATE UNLOGGED TABLE",
    "GLOBAL": "CREATE GLOBAL TABLE",
    "TEXT": "CREATE TEXT SEARCH",
    "ACCESS": "CREATE ACCESS METHOD",
    "POLICY": "CREATE POLICY",
}
_NOT_EMULATED = {
    "CALL", "PREPARE", "EXECUTE", "USE", "ATTACH", "DETACH", "DESC", "DESCRIBE",
}  # fmt: skip
_NOT_EMULATED_OBJECTS = {
    "FUNCTION", "PROCEDURE", "EXTERNAL", "LIBRARY", "MODEL", "DATASHARE", "RLS",
    "MASKING", "IDENTITY",
}  # fmt: skip


class Translator:
    """Translates and remembers; safe to use from several threads."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[str, bool], tuple[Plan, ...]] = OrderedDict()

    def translate(self, text: str, *, case_sensitive: bool = False) -> tuple[Plan, ...]:
        """Return the plans of a text; raise the error of a refused statement."""
        key = (text, case_sensitive)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        tokens = tokenize(text, case_sensitive=case_sensitive)
        statements = split_statements(tokens)
        plans = tuple(
            self._plan(statement, text if len(statements) == 1 else render(statement))
            for statement in statements
        )
        if len(text) <= _CACHE_TEXT:
            with self._lock:
                self._cache[key] = plans
                if len(self._cache) > _CACHE_ENTRIES:
                    self._cache.popitem(last=False)
        return plans

    def _plan(self, tokens: list[Token], source: str) -> Plan:
        source = source.strip()
        first = tokens[0].word
        if first in _ROWS or tokens[0].is_symbol("("):
            return translate_rows(tokens, self.options, source)
        stream = TokenStream(tokens)
        stream.next()
        handler = _HANDLERS.get(first)
        if handler is not None:
            return handler(self, stream, source)
        if first in _FOREIGN_STATEMENTS:
            raise unsupported(_FOREIGN_STATEMENTS[first])
        if first in _NOT_EMULATED:
            raise not_emulated(first)
        raise syntax(tokens[0].value)

    def _create(self, stream: TokenStream, source: str) -> Plan:
        replace = stream.accept("OR", "REPLACE")
        token = stream.peek()
        word = token.word if token is not None else ""
        if word in ("TABLE", "TEMP", "TEMPORARY", "LOCAL") and not replace:
            return create_table(stream, self.options, source)
        if word in _FOREIGN_OBJECTS:
            raise unsupported(_FOREIGN_OBJECTS[word])
        if word in _NOT_EMULATED_OBJECTS:
            raise not_emulated(f"CREATE {word}")
        if stream.accept("VIEW"):
            return views.create_view(stream, self.options, source, replace=replace)
        if stream.accept("MATERIALIZED", "VIEW"):
            return views.create_materialized_view(stream, source)
        maker = _MAKERS.get(word)
        if maker is None or replace:
            raise stream.error()
        stream.next()
        return maker(stream, source)

    def _alter(self, stream: TokenStream, source: str) -> Plan:
        if stream.accept("DEFAULT", "PRIVILEGES"):
            return rights.alter_default_privileges(stream, source)
        word = stream.next().word
        changer = _CHANGERS.get(word)
        if changer is not None:
            return changer(stream, source)
        if word in _NOT_EMULATED_OBJECTS | {
            "DATABASE",
            "ROLE",
            "MATERIALIZED",
            "SYSTEM",
        }:
            raise not_emulated(f"ALTER {word}")
        raise unsupported(f"ALTER {word}")

    def _explain(self, stream: TokenStream, source: str) -> Plan:
        return utility.explain(
            stream, source, lambda rest: self._plan(rest.rest(), source)
        )

    def _copy(self, stream: TokenStream, source: str) -> Plan:
        return Plan(source, action=parse_copy(stream))

    def _unload(self, stream: TokenStream, source: str) -> Plan:
        return Plan(source, action=parse_unload(stream, self.options))

    def _declare(self, stream: TokenStream, source: str) -> Plan:
        return cursors.declare(stream, self.options, source)


def _plain(
    maker: Callable[[TokenStream, str], Plan],
) -> Callable[[Translator, TokenStream, str], Plan]:
    return lambda _translator, stream, source: maker(stream, source)


_MAKERS: dict[str, Callable[[TokenStream, str], Plan]] = {
    "SCHEMA": objects.create_schema,
    "DATABASE": objects.create_database,
    "USER": rights.create_user,
    "GROUP": rights.create_group,
    "ROLE": rights.create_role,
}
_CHANGERS: dict[str, Callable[[TokenStream, str], Plan]] = {
    "TABLE": alter_table,
    "SCHEMA": objects.alter_schema,
    "USER": rights.alter_user,
    "GROUP": rights.alter_group,
}
_HANDLERS: dict[str, Callable[[Translator, TokenStream, str], Plan]] = {
    "BEGIN": _plain(utility.begin),
    "START": _plain(utility.begin),
    "COMMIT": _plain(lambda stream, source: utility.end(stream, source, commit=True)),
    "END": _plain(lambda stream, source: utility.end(stream, source, commit=True)),
    "ROLLBACK": _plain(
        lambda stream, source: utility.end(stream, source, commit=False)
    ),
    "ABORT": _plain(lambda stream, source: utility.end(stream, source, commit=False)),
    "LOCK": _plain(utility.lock),
    "TRUNCATE": _plain(utility.truncate),
    "VACUUM": _plain(utility.vacuum),
    "ANALYZE": _plain(utility.analyze),
    "ANALYSE": _plain(utility.analyze),
    "SET": _plain(variables.set_),
    "RESET": _plain(variables.reset),
    "SHOW": _plain(variables.show),
    "COMMENT": _plain(utility.comment),
    "CANCEL": _plain(utility.cancel),
    "FETCH": _plain(cursors.fetch),
    "CLOSE": _plain(cursors.close),
    "DEALLOCATE": _plain(cursors.deallocate),
    "REFRESH": _plain(views.refresh),
    "DROP": _plain(objects.drop),
    "GRANT": _plain(lambda stream, source: rights.grant(stream, source, "grant")),
    "REVOKE": _plain(lambda stream, source: rights.grant(stream, source, "revoke")),
    "CREATE": Translator._create,
    "ALTER": Translator._alter,
    "EXPLAIN": Translator._explain,
    "DECLARE": Translator._declare,
    "COPY": Translator._copy,
    "UNLOAD": Translator._unload,
}
