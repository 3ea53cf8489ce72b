"""PostgreSQL plans what a load asks it for the rows there are."""

from __future__ import annotations

from conftest import postgres

from sparkify.engines.postgres import Postgres
from sparkify.models import load_models

TABLES = (
    "create temp table settled_events as "
    "select n / 9 as session_id, 'NextSong' as page from generate_series(1, 200000) n",
    "create temp table touched_plays as "
    "select n / 9 as session_id, 1 as is_settled from generate_series(1, 200000) n",
    "analyze settled_events",
    "analyze touched_plays",
)


def _plan(sql: str) -> str:
    return "\n".join(line for (line,) in postgres().sql(*TABLES, f"explain {sql}"))


def test_a_check_is_planned_to_look_at_all() -> None:
    """A limit alone has it compare each session with each: a million plays took hours.

    The planner expects to find a hundred rows soon, and a check finds none.
    """
    check = next(
        c for c in load_models().checks() if c.name == "songplays_are_complete"
    )
    assert "Nested Loop" in _plan(f"{check.sql} limit 100")
    assert "Nested Loop" not in _plan(Postgres._limited(check.sql, 100))
