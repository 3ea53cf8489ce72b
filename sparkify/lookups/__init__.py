"""Fills the lookups: what SQL cannot do alike on all engines, once per new value."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sparkify.engines.base import Engine, Parameters, Row
from sparkify.errors import SchemaDiffers
from sparkify.lookups.agents import USER_AGENT_RULES, user_agents
from sparkify.lookups.texts import (
    SONG_NAME_RULES,
    SONG_TEXT_RULES,
    song_names,
    song_texts,
)
from sparkify.models import Models, Table

Rule = Callable[[Iterable[Row]], Iterable[Row]]

RULES: dict[str, tuple[int, Rule]] = {
    "song_names": (SONG_NAME_RULES, song_names),
    "song_texts": (SONG_TEXT_RULES, song_texts),
    "user_agents": (USER_AGENT_RULES, user_agents),
}
"""By lookup, the version of its rule, and what makes its rows of new values."""


def add_new(engine: Engine, table: Table, scope: Parameters) -> int:
    """Add the values that are new with the loads of `scope`; their number."""
    _, rule = RULES[table.name]
    return engine.append(table, rule(engine.query(table.new, scope)))


def verify(engine: Engine, models: Models) -> None:
    """Raise SchemaDiffers when a lookup has rows of another version of its rule.

    Rows of two versions in one lookup would match some plays by the one and some by
    the other.
    """
    tables = {name: models.table(f"analytics.{name}").full_name for name in RULES}
    found = engine.query(
        " union all ".join(
            f"select '{name}', min(rule_version), max(rule_version) from {table}"
            for name, table in tables.items()
        )
    )
    for name, *versions in found:
        version, _ = RULES[str(name)]
        if versions not in ([version, version], [None, None]):
            raise SchemaDiffers(
                f"Table {tables[str(name)]} was made by rules of version "
                f"{versions[0]}, and this Sparkify has version {version}; "
                "run `sparkify run --full-refresh` once to make it anew."
            )
