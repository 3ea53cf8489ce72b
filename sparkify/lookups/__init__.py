"""Fills the lookups: what SQL cannot do alike on all engines, once per new value."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sparkify.engines.base import Engine, Parameters, Row
from sparkify.lookups.agents import user_agents
from sparkify.lookups.texts import song_names, song_texts
from sparkify.models import Table

Rule = Callable[[Iterable[Row]], Iterable[Row]]

RULES: dict[str, Rule] = {
    "song_names": song_names,
    "song_texts": song_texts,
    "user_agents": user_agents,
}
"""By lookup, what makes its rows of the values that its `new.sql` finds."""


def add_new(engine: Engine, table: Table, scope: Parameters) -> int:
    """Add the values that are new with the loads of `scope`; their number."""
    return engine.append(table, RULES[table.name](engine.query(table.new, scope)))
