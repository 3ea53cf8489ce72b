"""Schemas and databases, and DROP of anything."""

from __future__ import annotations

from redshift_server.errors import not_emulated, unsupported
from redshift_server.plan import Plan
from redshift_server.rights import drop_role
from redshift_server.stream import TokenStream, quote


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
