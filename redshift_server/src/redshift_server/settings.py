"""Session settings: those of PostgreSQL that Redshift keeps, and Redshift's own.

Redshift's own live in PostgreSQL as `redshift.<name>`, so that they follow
transactions as every setting does.
"""

from __future__ import annotations

import re
import shlex

from redshift_server.errors import RedshiftError

_POSTGRES = {
    "application_name",
    "client_encoding",
    "client_min_messages",
    "datestyle",
    "extra_float_digits",
    "search_path",
    "statement_timeout",
    "timezone",
}

# Redshift's own settings and their documented defaults.
_REDSHIFT = {
    "analyze_threshold_percent": "10",
    "auto_analyze": "on",
    "auto_mv": "on",
    "cast_super_null_on_error": "on",
    "describe_field_name_in_uppercase": "off",
    "downcase_delimited_identifier": "on",
    "enable_case_sensitive_identifier": "off",
    "enable_case_sensitive_super_attribute": "off",
    "enable_numeric_rounding": "off",
    "enable_result_cache_for_session": "on",
    "enable_vacuum_boost": "off",
    "error_on_nondeterministic_update": "off",
    "interval_forbid_composite_literals": "off",
    "json_parse_dedup_attributes": "off",
    "json_parse_truncate_strings": "off",
    "json_serialization_enable": "off",
    "json_serialization_parse_nested_strings": "off",
    "max_concurrency_scaling_clusters": "1",
    "max_cursor_result_set_size": "0",
    "mv_enable_aqmv_for_session": "on",
    "navigate_super_null_on_error": "on",
    "parse_super_null_on_error": "off",
    "pg_federation_repeatable_read": "on",
    "query_group": "",
    "spectrum_enable_pseudo_columns": "on",
    "spectrum_query_maxerror": "-1",
    "stored_proc_log_min_messages": "log",
    "use_fips_ssl": "off",
    "wlm_query_slot_count": "1",
}

# What drivers send at startup about themselves.
_IGNORED_AT_STARTUP = {
    "user",
    "database",
    "options",
    "client_protocol_version",
    "driver_version",
    "os_version",
    "driver_discovery_version",
    "plugin_name",
    "driver_os_version",
    "idp_type",
    "provider_name",
}

_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)


def from_startup(parameters: dict[str, str]) -> dict[str, str]:
    """Return the settings of a StartupMessage; unknown ones are fatal."""
    wanted = {
        name: value
        for name, value in parameters.items()
        if name not in _IGNORED_AT_STARTUP
    }
    wanted.update(_from_options(parameters.get("options", "")))
    result = {}
    for name, value in wanted.items():
        try:
            result[check_name(name)] = check_value(name, value)
        except RedshiftError as problem:
            problem.fatal = True
            raise
    return result


def _from_options(options: str) -> dict[str, str]:
    words = shlex.split(options)
    found = {}
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            word += words.pop(0)
        match = _OPTION.fullmatch(word)
        if match is None:
            raise RedshiftError(
                "42601", f"invalid command-line argument: {word}", fatal=True
            )
        found[match[1].replace("-", "_")] = match[2]
    return found


def check_name(name: str) -> str:
    """Return a setting's own spelling; an unknown one is refused."""
    folded = name.lower()
    if folded not in _POSTGRES and folded not in _REDSHIFT:
        raise RedshiftError("42704", f'unrecognized configuration parameter "{folded}"')
    return folded


def check_value(name: str, value: str) -> str:
    """Return the value as PostgreSQL takes it."""
    if name.lower() != "client_encoding":
        return value
    if value.strip("'\"").upper().replace("-", "") not in {"UTF8", "UNICODE"}:
        raise RedshiftError(
            "22023", f'invalid value for parameter "client_encoding": "{value}"'
        )
    return "UTF8"


def set_sql(name: str, value: str) -> str:
    """Return PostgreSQL's SET for a checked setting."""
    quoted = "'" + value.replace("'", "''") + "'"
    if name == "search_path":
        return f"select set_config('search_path', {quoted}, false)"
    return f"set {_inner(name)} to {quoted}"


def show_sql(name: str) -> str:
    """Return a select that answers SHOW."""
    if name == "client_encoding":
        return "select 'UNICODE'::varchar as client_encoding"
    if name in _POSTGRES:
        return f"show {name}"
    default = _REDSHIFT[name]
    return (
        f"select coalesce(current_setting('redshift.{name}', true), '{default}')"
        f'::varchar as "{name}"'
    )


def reset_sql(name: str) -> str:
    """Return PostgreSQL's RESET."""
    return f"reset {_inner(name)}"


def inner_name(name: str) -> str:
    """Return the name under which PostgreSQL keeps a setting."""
    return _inner(name)


def is_flag(name: str) -> bool:
    """Say whether a setting of Redshift is on or off."""
    return _REDSHIFT.get(name) in {"on", "off"}


def _inner(name: str) -> str:
    return name if name in _POSTGRES else f"redshift.{name}"
