"""Cursors and prepared statements, by SQL."""

from __future__ import annotations

from redshift_server.dml import query_sql
from redshift_server.errors import unsupported
from redshift_server.lexer import Kind
from redshift_server.options import Options
from redshift_server.plan import Plan
from redshift_server.stream import TokenStream, quote


def declare(stream: TokenStream, options: Options, source: str) -> Plan:
    """DECLARE ... CURSOR FOR a query; forward only, inside a transaction."""
    name = quote(stream.name())
    if stream.accept_any("BINARY", "INSENSITIVE", "SCROLL", "NO"):
        raise stream.error()
    stream.expect("CURSOR")
    if stream.at_words("WITH"):
        raise unsupported("CURSOR WITH HOLD")
    stream.accept("WITHOUT", "HOLD")  # as psycopg2 writes it
    stream.expect("FOR")
    query = query_sql(stream.rest(), options, shuffled=True)
    return Plan(source, sql=f"declare {name} cursor for {query}")


def fetch(stream: TokenStream, source: str) -> Plan:
    """FETCH forward from a cursor."""
    direction = "next"
    token = stream.peek()
    if token is not None and token.is_word("BACKWARD", "PRIOR", "LAST", "ABSOLUTE"):
        raise unsupported(f"FETCH {token.word}")
    if stream.accept("NEXT"):
        pass
    elif stream.accept("ALL"):
        direction = "all"
    elif stream.accept("FORWARD"):
        direction = "forward " + ("all" if stream.accept("ALL") else _count(stream))
    elif token is not None and token.kind is Kind.NUMBER:
        direction = f"forward {stream.integer()}"
    stream.accept_any("FROM", "IN")
    name = quote(stream.name())
    stream.end()
    return Plan(source, sql=f"fetch {direction} from {name}")


def _count(stream: TokenStream) -> str:
    token = stream.peek()
    number = token is not None and token.kind is Kind.NUMBER
    return str(stream.integer()) if number else "1"


def close(stream: TokenStream, source: str) -> Plan:
    """CLOSE of a cursor."""
    name = quote(stream.name())
    stream.end()
    return Plan(source, sql=f"close {name}")


def deallocate(stream: TokenStream, source: str) -> Plan:
    """DEALLOCATE of one prepared statement; there is no ALL."""
    stream.accept("PREPARE")
    if stream.at_words("ALL"):
        raise unsupported("DEALLOCATE ALL")
    name = quote(stream.name())
    stream.end()
    return Plan(source, sql=f"deallocate {name}")
