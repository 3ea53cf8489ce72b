-- How often each song was played in the period.
-- grain: one row per song
create temp table song_counts as
select
    songplays.song_key,
    count(*) as plays,
    count(songplays.song_id) as matched_plays
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
    songplays.song_key is not null
    and songplays.start_time >= :period_start
    and songplays.start_time < :period_end
    and (:level = '' or songplays.level = :level)
    and (:gender = '' or chosen_users.user_id is not null)
    and (:state = '' or chosen_places.location is not null)
    and (:platform = '' or chosen_user_agents.user_agent is not null)
group by songplays.song_key;
