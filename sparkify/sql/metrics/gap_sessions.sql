-- How many sessions are there when a pause of 30 minutes ends one?
-- A check of the log's own sessions: a user's events are one session until 30 minutes
-- pass without one, counted from the end of the last song.
-- grain: one row for the period
-- kind: approximate
-- column: sessions integer Sessions of the log with an event in the period.
-- column: gap_sessions integer Sessions apart by pauses.
with

events as (
    select
        user_id,
        session_id,
        item_in_session,
        start_time as starts_at,
        start_time
        + (coalesce(length_ms, 0) / 1000.0) * interval '1 second' as ends_at
    from analytics.songplays
    where
        user_id is not null
        and start_time >= :period_start
        and start_time < :period_end
        and
        (:level = '' or songplays.level = :level)
        and (:gender = '' or songplays.user_id in (select user_id from chosen_users))
        and (
            :state = ''
            or coalesce(songplays.location, '') in (select location from chosen_places)
        )
        and (
            :platform = ''
            or coalesce(songplays.user_agent, '') in (
                select user_agent
                from chosen_user_agents
            )
        )
    union all
    select
        user_id,
        session_id,
        item_in_session,
        viewed_at as starts_at,
        viewed_at as ends_at
    from analytics.page_views
    where
        viewed_at >= :period_start
        and viewed_at < :period_end
        and
        (:level = '' or page_views.level = :level)
        and (:gender = '' or page_views.user_id in (select user_id from chosen_users))
        and (
            :state = ''
            or coalesce(page_views.location, '') in (select location from chosen_places)
        )
        and (
            :platform = ''
            or coalesce(page_views.user_agent, '') in (
                select user_agent
                from chosen_user_agents
            )
        )
),

followed as (
    select
        starts_at,
        lag(ends_at) over (
            partition by user_id
            order by starts_at, session_id, item_in_session
        ) as last_ends_at,
        lag(session_id) over (
            partition by user_id, session_id
            order by starts_at, item_in_session
        ) as same_session
    from events
)

select
    coalesce(sum(case when same_session is null then 1 else 0 end), 0) as sessions,
    coalesce(
        sum(
            case
                when
                    last_ends_at is null
                    or starts_at > last_ends_at + interval '30 minutes'
                    then 1
                else 0
            end
        ),
        0
    ) as gap_sessions
from followed;
