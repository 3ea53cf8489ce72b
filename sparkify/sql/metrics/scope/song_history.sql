-- How often each song was played in the periods before. The insert runs for each of them,
-- or for some at a time where there are many: few groups at once are counted quicker. In
-- which of several a play is, its hour tells.
-- grain: one row per period and song
create temp table song_history (
    period_number integer not null,
    song_key bigint not null,
    plays bigint not null
);

insert into song_history (
    period_number,
    song_key,
    plays
)
with

period_hours as (
    select
        hours.hour_start,
        days.period_number
    from hours
    inner join days
        on hours.day = days.day
    where days.period_number between :newest_period and :oldest_period
),

plays as (
    select
        songplays.song_key,
        coalesce(period_hours.period_number, :newest_period) as period_number
    from analytics.songplays
    left join period_hours
        on date_trunc('hour', songplays.start_time) = period_hours.hour_start
        and :newest_period < :oldest_period
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
        songplays.song_key is not null
        and songplays.start_time >= :periods_start
        and songplays.start_time < :periods_end
        and (:level = '' or songplays.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
)

select
    period_number,
    song_key,
    count(*) as plays
from plays
group by
    period_number,
    song_key;
