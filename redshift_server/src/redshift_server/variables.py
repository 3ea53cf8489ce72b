"""SET, RESET and SHOW of a session's settings."""

from __future__ import annotations

from redshift_server import settings
from redshift_server.errors import RedshiftError, not_emulated
from redshift_server.lexer import Kind
from redshift_server.plan import Plan, SetCase
from redshift_server.stream import TokenStream, literal, quote
from redshift_server.utility import take_isolation_level


def set_(stream: TokenStream, source: str) -> Plan:
    """SET of a known setting, for the session or the transaction."""
    if stream.accept("SESSION", "AUTHORIZATION"):
        word = "default" if stream.accept("DEFAULT") else quote(_word_or_string(stream))
        stream.end()
        return Plan(source, sql=f"set session authorization {word}")
    if stream.accept("SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"):
        return _transaction_mode(stream, source)
    if stream.accept("TRANSACTION"):
        return _transaction_mode(stream, source)
    local = stream.accept_any("LOCAL", "SESSION") == "LOCAL"
    if stream.accept("TIME", "ZONE"):
        name = "timezone"
    else:
        name = settings.check_name(stream.name())
        if not stream.accept("TO") and not stream.accept_symbol("="):
            raise stream.error()
    values = stream.listed(lambda: _value(stream))
    stream.end()
    return _set_plan(name, values, source, local=local)


def _transaction_mode(stream: TokenStream, source: str) -> Plan:
    stream.expect("ISOLATION", "LEVEL")
    take_isolation_level(stream)
    stream.end()
    # Accepted without effect; this says so in PostgreSQL's words.
    return Plan(source, sql="set application_name from current", tag="SET")


def _value(stream: TokenStream) -> str:
    sign = "-" if stream.accept_symbol("-") else ""
    return sign + stream.next().value


def _word_or_string(stream: TokenStream) -> str:
    token = stream.next()
    return token.value if token.kind is Kind.STRING else token.value.lower()


def _set_plan(name: str, values: list[str], source: str, *, local: bool) -> Plan:
    scope = "local " if local else ""
    inner = settings.inner_name(name)
    if [value.lower() for value in values] == ["default"]:
        return Plan(source, sql=f"set {scope}{inner} to default")
    if name == "enable_case_sensitive_identifier":
        return Plan(source, action=SetCase(values[0].lower() in {"on", "true", "1"}))
    if settings.is_flag(name) and values[0].lower() not in {
        "on", "off", "true", "false", "1", "0",
    }:  # fmt: skip
        raise RedshiftError("22023", f'parameter "{name}" requires a Boolean value')
    checked = ", ".join(literal(settings.check_value(name, text)) for text in values)
    return Plan(source, sql=f"set {scope}{inner} to {checked}")


def reset(stream: TokenStream, source: str) -> Plan:
    """RESET of a setting or of all."""
    if stream.accept("ALL"):
        stream.end()
        return Plan(source, sql="reset all")
    if stream.accept("SESSION", "AUTHORIZATION"):
        stream.end()
        return Plan(source, sql="reset session authorization")
    name = settings.check_name(stream.name())
    stream.end()
    return Plan(source, sql=settings.reset_sql(name))


def show(stream: TokenStream, source: str) -> Plan:
    """SHOW of one setting."""
    token = stream.peek()
    if token is not None and token.is_word(
        "ALL", "TABLES", "SCHEMAS", "DATABASES", "TABLE", "VIEW", "COLUMNS",
        "PROCEDURE", "GRANTS", "DATASHARES", "MODEL", "CONSTRAINTS",
    ):  # fmt: skip
        raise not_emulated(f"SHOW {token.word}")
    name = "timezone" if stream.accept("TIME", "ZONE") else stream.name()
    stream.end()
    return Plan(source, sql=settings.show_sql(settings.check_name(name)), tag="SHOW")
