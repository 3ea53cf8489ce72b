-- How often each song was played in the period.
-- grain: one row per song
create temp table song_counts as
select
    song_key,
    count(*) as plays,
    max(case when song_id is null then 0 else 1 end) as is_matched
from analytics.songplays
where
    song_key is not null
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
group by song_key;
