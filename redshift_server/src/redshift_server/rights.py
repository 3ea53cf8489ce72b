"""Users, groups, roles, and what they may do."""

from __future__ import annotations

import re

from redshift_server.errors import RedshiftError, not_emulated, syntax
from redshift_server.lexer import Token
from redshift_server.plan import Plan
from redshift_server.stream import TokenStream, literal, quote

_PASSWORD_RULE = (
    "Password must be 8 to 64 characters long and contain at least one uppercase "
    "letter, one lowercase letter and one number."
)


def create_user(stream: TokenStream, source: str) -> Plan:
    """CREATE USER; PASSWORD is mandatory."""
    name = stream.name()
    stream.accept("WITH")
    options, groups = _user_options(stream)
    if not any(option.startswith("password") for option in options):
        raise RedshiftError("42601", "PASSWORD must be given for CREATE USER")
    followups = tuple(f"grant {group} to {quote(name)}" for group in groups)
    sql = f"create role {quote(name)} login {' '.join(options)}"
    return Plan(source, sql=sql, followups=followups, tag="CREATE USER")


def alter_user(stream: TokenStream, source: str) -> Plan:
    """ALTER USER: options, or a new name."""
    name = quote(stream.name())
    if stream.accept("RENAME", "TO"):
        new = quote(stream.name())
        stream.end()
        return Plan(source, sql=f"alter role {name} rename to {new}", tag="ALTER USER")
    if stream.accept_any("SET", "RESET"):
        raise not_emulated("ALTER USER SET")
    stream.accept("WITH")
    options, _ = _user_options(stream)
    sql = f"alter role {name} {' '.join(options)}"
    return Plan(source, sql=sql, tag="ALTER USER")


def _user_options(stream: TokenStream) -> tuple[list[str], list[str]]:
    options: list[str] = []
    groups: list[str] = []
    while not stream.done:
        if stream.accept("PASSWORD"):
            options.append(_password(stream))
        elif stream.accept("IN", "GROUP"):
            groups = [quote(name) for name in stream.listed(stream.name)]
        elif word := stream.accept_any("CREATEDB", "NOCREATEDB"):
            options.append(word.lower())
        elif word := stream.accept_any("CREATEUSER", "NOCREATEUSER"):
            options.append("superuser" if word == "CREATEUSER" else "nosuperuser")
        elif stream.accept("VALID", "UNTIL"):
            options.append(f"valid until {literal(stream.string())}")
        elif stream.accept("CONNECTION", "LIMIT"):
            limit = "-1" if stream.accept("UNLIMITED") else str(stream.integer())
            options.append(f"connection limit {limit}")
        elif stream.accept("SYSLOG", "ACCESS"):
            stream.accept_any("RESTRICTED", "UNRESTRICTED")
        elif stream.accept("SESSION", "TIMEOUT"):
            stream.integer()
        else:
            raise stream.error()
    return options, groups


def _password(stream: TokenStream) -> str:
    if stream.accept("DISABLE"):
        return "password null"
    password = stream.string()
    if re.fullmatch(r"md5[0-9a-f]{32}|SCRAM-SHA-256\$.*", password):
        return f"password {literal(password)}"
    good = (
        8 <= len(password) <= 64
        and re.search("[A-Z]", password)
        and re.search("[a-z]", password)
        and re.search("[0-9]", password)
    )
    if not good:
        raise RedshiftError("22023", _PASSWORD_RULE)
    return f"password {literal(password)}"


def create_group(stream: TokenStream, source: str) -> Plan:
    """CREATE GROUP [WITH USER ...]."""
    name = quote(stream.name())
    users: list[str] = []
    stream.accept("WITH")
    if stream.accept("USER"):
        users = stream.listed(stream.name)
    stream.end()
    followups = tuple(f"grant {name} to {quote(user)}" for user in users)
    return Plan(
        source, sql=f"create role {name}", followups=followups, tag="CREATE GROUP"
    )


def alter_group(stream: TokenStream, source: str) -> Plan:
    """ALTER GROUP: add and drop users, rename."""
    name = quote(stream.name())
    if stream.accept("RENAME", "TO"):
        sql = f"alter role {name} rename to {quote(stream.name())}"
    else:
        word = stream.accept_any("ADD", "DROP")
        stream.expect("USER")
        users = ", ".join(quote(user) for user in stream.listed(stream.name))
        sql = f"grant {name} to {users}"
        if word == "DROP":
            sql = f"revoke {name} from {users}"
    stream.end()
    return Plan(source, sql=sql, tag="ALTER GROUP")


def create_role(stream: TokenStream, source: str) -> Plan:
    """CREATE ROLE."""
    name = quote(stream.name())
    stream.end()
    return Plan(source, sql=f"create role {name}")


def drop_role(stream: TokenStream, source: str, kind: str) -> Plan:
    """DROP USER, DROP GROUP and DROP ROLE."""
    guarded = "if exists " if stream.accept("IF", "EXISTS") else ""
    names = stream.listed(stream.name)
    stream.accept_any("FORCE", "RESTRICT")
    stream.end()
    readers = (
        f"drop function if exists redshift_internal.{quote('late_' + name)}(text)"
        for name in names
    )
    return Plan(
        source,
        sql=f"drop role {guarded}{', '.join(map(quote, names))}",
        prelude=tuple(readers),
        tag=f"DROP {kind}",
    )


_PRIVILEGES = frozenset(
    "SELECT INSERT UPDATE DELETE REFERENCES TRUNCATE CREATE TEMPORARY TEMP USAGE "
    "EXECUTE ALL PRIVILEGES".split()
)
_NOT_EMULATED_RIGHTS = {"ASSUMEROLE", "DROP", "ALTER", "ALTERIN", "DROPIN", "EXPLAIN"}


def grant(stream: TokenStream, source: str, verb: str) -> Plan:
    """GRANT and REVOKE; roles and groups are the same to PostgreSQL."""
    tokens = stream.rest()
    if tokens and tokens[0].is_word("ROLE"):
        words = [
            token for token in tokens if not token.is_word("ROLE", "GROUP", "USER")
        ]
        return Plan(source, sql=f"{verb} " + _names_folded(words), tag=verb.upper())
    _check_privileges(tokens, verb)
    kept = [token for token in tokens if not token.is_word("ROLE")]
    return Plan(source, sql=f"{verb} " + _names_folded(kept), tag=verb.upper())


def _check_privileges(tokens: list[Token], verb: str) -> None:
    if verb == "revoke" and [t.word for t in tokens[:3]] == ["GRANT", "OPTION", "FOR"]:
        tokens = tokens[3:]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.value, 0)
        if token.is_word("ON"):
            return
        if token.word in _NOT_EMULATED_RIGHTS:
            raise not_emulated(f"{verb.upper()} {token.word}")
        if depth == 0 and token.is_name and token.word not in _PRIVILEGES:
            raise syntax(token.value)
    raise RedshiftError("42601", "syntax error at end of input")


def _names_folded(tokens: list[Token]) -> str:
    return " ".join(token.text for token in tokens)


def alter_default_privileges(stream: TokenStream, source: str) -> Plan:
    """ALTER DEFAULT PRIVILEGES [FOR USER ...] [IN SCHEMA ...] GRANT or REVOKE."""
    tokens = [token for token in stream.rest() if not token.is_word("ROLE")]
    if not any(token.is_word("GRANT", "REVOKE") for token in tokens):
        raise RedshiftError("42601", "syntax error at end of input")
    sql = f"alter default privileges {_names_folded(tokens)}"
    return Plan(source, sql=sql)
