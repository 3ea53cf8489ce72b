-- Which songs does the catalogue lack the most?
-- The songs played most in the period of which no play has found a song: what to get
-- next. As many as the chart is deep.
-- grain: one row per song
-- kind: exact
-- column: song text Title by the log.
-- column: artist text Artist by the log.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
with

lacking as (
    select
        song_key,
        plays,
        row_number() over (order by plays desc) as place
    from song_counts
    where is_matched = 0
),

-- the plays of the last of them; the songs with as many may stand there too
least as (
    select min(plays) as plays
    from lacking
    where place <= :depth
),

contenders as (
    select
        lacking.song_key,
        lacking.plays
    from lacking
    cross join least
    where lacking.plays >= least.plays
),

listened as (
    select
        contenders.song_key,
        contenders.plays,
        count(distinct songplays.user_id) as listeners
    from analytics.songplays
    inner join contenders
        on songplays.song_key = contenders.song_key
    left join (select distinct user_id from chosen_users) as asked_users
        on songplays.user_id = asked_users.user_id
    left join (select distinct location from chosen_places) as asked_places
        on coalesce(songplays.location, '') = asked_places.location
    left join (select distinct user_agent from chosen_user_agents) as asked_user_agents
        on coalesce(songplays.user_agent, '') = asked_user_agents.user_agent
    where
        songplays.start_time >= :period_start
        and songplays.start_time < :period_end
        and (:level = '' or songplays.level = :level)
        and (:gender = '' or asked_users.user_id is not null)
        and (:state = '' or asked_places.location is not null)
        and (:platform = '' or asked_user_agents.user_agent is not null)
    group by
        contenders.song_key,
        contenders.plays
),

ranked as (
    select
        song_key,
        plays,
        listeners,
        row_number() over (
            order by plays desc, listeners desc, song_key
        ) as place
    from listened
),

named as (
    select
        song_key,
        min(nullif(song, '')) as song,
        min(nullif(artist, '')) as artist
    from analytics.song_texts
    where
        song_key in (
            select song_key
            from ranked
            where place <= :depth
        )
    group by song_key
)

select
    named.song,
    named.artist,
    ranked.plays,
    ranked.listeners
from ranked
left join named
    on ranked.song_key = named.song_key
where ranked.place <= :depth
order by ranked.place;
