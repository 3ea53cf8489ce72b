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
        songplays.user_id,
        songplays.session_id,
        songplays.item_in_session,
        songplays.start_time as starts_at,
        songplays.start_time
        + (coalesce(songplays.length_ms, 0) / 1000.0) * interval '1 second' as ends_at
    from analytics.songplays
    left join chosen_users
        on songplays.user_id = chosen_users.user_id
        and :gender <> ''
    left join chosen_places
        on coalesce(songplays.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(songplays.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
    where
        songplays.user_id is not null
        and songplays.start_time >= :period_start
        and songplays.start_time < :period_end
        and (:level = '' or songplays.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    union all
    select
        page_views.user_id,
        page_views.session_id,
        page_views.item_in_session,
        page_views.viewed_at as starts_at,
        page_views.viewed_at as ends_at
    from analytics.page_views
    left join chosen_users
        on page_views.user_id = chosen_users.user_id
        and :gender <> ''
    left join chosen_places
        on coalesce(page_views.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(page_views.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
    where
        page_views.viewed_at >= :period_start
        and page_views.viewed_at < :period_end
        and (:level = '' or page_views.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
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
