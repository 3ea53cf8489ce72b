"""A warehouse full of plays, made by SQL: a load of so many would take minutes."""

from __future__ import annotations

import sys
from pathlib import Path

from sparkify.config import load_settings
from sparkify.pipeline import Pipeline

PLAYS_A_SESSION = 8
DAYS = 93

# `part` draws a number from 0 to 1 by a row and a purpose, always the same.
STATEMENTS = (
    "create temp macro part(i, purpose) as "
    "(hash(i * 64 + purpose) % 1000003) / 1000003.0",
    "create temp macro happened(seconds) as timestamp '2018-09-01' "
    "+ seconds * interval '1 second'",
    "create temp macro state(i) as substr('CANYTXILPAMEWAORFLGA', 1 + 2 * (i % 10), 2)",
    "create temp macro place(i) as 'Metro ' || i % 300 || ', ' || state(i % 300)",
    "create temp macro agent(i) as 'Mozilla/5.0 (browser number ' || i % 40 || ')'",
    # a few users listen a lot; more in the afternoon, less on Sundays
    f"""
    create temp table made_sessions as
    select
        i as session_id,
        cast(floor({{users}} * power(part(i, 1), 2)) as bigint) as user_id,
        cast(floor(part(i, 2) * {DAYS}) * 86400
        + 43200 + 36000 * (part(i, 3) + part(i, 4) + part(i, 5) - 1.5) as bigint)
            as seconds,
        1 + cast(floor(part(i, 6) * {2 * PLAYS_A_SESSION - 1}) as integer) as plays
    from range({{sessions}}) as numbers(i)
    order by seconds
    """,
    """
    insert into analytics.users
    select i, 'F', 'L', case when part(i, 7) < 0.5 then 'F' else 'M' end,
        case when part(i, 8) < 0.7 then 'free' else 'paid' end,
        timestamp '2018-08-01', timestamp '2018-12-02', 0, 0
    from range({users}) as numbers(i)
    """,
    """
    insert into analytics.user_levels
    select user_id, level, timestamp '2018-09-01', null from analytics.users
    """,
    """
    insert into analytics.places
    select place(i), 'Metro ' || i, state(i), state(i)
    from range(300) as numbers(i)
    """,
    """
    insert into analytics.user_agents
    select agent(i), 'B' || i % 5, '1', 'S' || i % 4, '1', 'desktop', false, 1
    from range(40) as numbers(i)
    """,
    """
    insert into analytics.song_texts (
        delivered_song, delivered_artist, song, artist, song_key, credit_key,
        rule_version
    )
    select 'Song ' || i, 'Artist ' || i // 12, 'Song ' || i, 'Artist ' || i // 12,
        cast(hash(i) % 9223372036854775807 as bigint),
        cast(hash('Artist ' || i // 12) % 9223372036854775807 as bigint), 1
    from range({songs}) as numbers(i)
    """,
    """
    insert into analytics.songplays
    with

    plays as (
        select
            session_id, user_id, seconds, item, session_id * 64 + item as number
        from made_sessions, range(16) as items(item)
        where item < plays
    ),

    drawn as (
        select plays.*, users.level,
            cast(floor({songs} * power(part(number, 9), 3)) as bigint) as song
        from plays
        inner join analytics.users on plays.user_id = users.user_id
    )

    select
        session_id || '-' || item || '-' || user_id,
        happened(seconds + 240 * item),
        user_id,
        level,
        case when song % 50 = 0 then 'SO' || song end,
        case when song % 50 = 0 then 'AR' || song end,
        session_id,
        place(user_id),
        agent(user_id),
        item,
        'Song ' || song,
        'Artist ' || song // 12,
        cast(hash(song) % 9223372036854775807 as bigint),
        240.0,
        240000,
        case when song % 50 = 0 then 'exact' end
    from drawn
    """,
    """
    insert into analytics.page_views
    select
        session_id || '-99-' || user_id, happened(seconds + 240 * plays), user_id,
        'free', session_id, null, null, 99,
        case when part(session_id, 10) < 0.9 then 'Home' else 'Upgrade' end
    from made_sessions
    """,
    """
    insert into control.loads
    select 1, 1, 'load', 0, 93, 1, 1, 1, 0, 0, 0, timestamp '2018-12-03',
        timestamp '2018-12-03'
    """,
    """
    create temp table touched_sessions as
    select session_id, user_id from made_sessions
    """,
    """
    create temp table touched_hours as
    select distinct user_id as user_key, date_trunc('hour', start_time) as hour_start
    from analytics.songplays
    """,
)


def fill(config: Path, plays: int) -> None:
    """Fill an empty warehouse with about so many plays; the marts by their own SQL."""
    pipeline = Pipeline(load_settings(config))
    pipeline.create_tables()
    sizes = {"users": plays // 80, "songs": plays // 50}
    sizes["sessions"] = plays // PLAYS_A_SESSION
    with pipeline.engine.session():
        for statement in STATEMENTS:
            pipeline.engine.execute(statement.format(**sizes))
        for name in ("sessions", "user_hours"):
            for statement in pipeline.models.table(f"analytics.{name}").load:
                pipeline.engine.execute(statement)


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
