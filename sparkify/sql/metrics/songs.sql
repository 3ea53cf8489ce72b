-- Which songs are listened to the most?
-- Songs are counted by the text of the log, not by song_id: a play that the catalogue
-- does not know is a play. The chart is as deep as asked, by plays, then listeners. It
-- moves against the chart of the period before, of as many days: NEW was never on a
-- chart, RE was on one earlier, but not on the last. Share is of all plays of the period.
-- grain: one row per song on the chart
-- kind: exact
-- column: chart_rank integer Place on the chart.
-- column: tied_rank integer Place that songs with as many plays and listeners share.
-- column: movement text NEW, RE, UP, DOWN or SAME against the last chart.
-- column: previous_rank integer Place on the last chart; null when not on it.
-- column: peak_rank integer Best place on all charts so far.
-- column: charts integer Charts the song has been on so far.
-- column: song_key integer Key of the song: artist and title without regard to case.
-- column: song text Title by the log, as most plays have it.
-- column: artist text Artist by the log, likewise.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
-- column: plays_per_listener number Plays by listener.
-- column: share number Part of all plays.
-- column: is_matched boolean Whether one of these plays finds its song in the catalogue.
with

counted as (
    select
        0 as period_number,
        song_key,
        plays
    from song_counts
    union all
    select
        period_number,
        song_key,
        plays
    from song_history
),

-- the plays of the last song on each chart; the songs with as many may stand on it too
tallied as (
    select
        period_number,
        plays,
        count(*) as songs
    from counted
    group by
        period_number,
        plays
),

placed as (
    select
        period_number,
        plays,
        sum(songs) over (
            partition by period_number
            order by plays desc
            rows between unbounded preceding and current row
        ) - songs as songs_above
    from tallied
),

least as (
    select
        period_number,
        min(plays) as plays
    from placed
    where songs_above < :depth
    group by period_number
),

contenders as (
    select
        counted.period_number,
        counted.song_key,
        counted.plays,
        count(*) over (
            partition by counted.period_number, counted.plays
        ) as as_many
    from counted
    inner join least
        on counted.period_number = least.period_number
        and counted.plays >= least.plays
),

-- before this period, listeners part songs with as many plays
tied as (
    select
        period_number,
        song_key
    from contenders
    where
        period_number > 0
        and as_many > 1
),

tied_songs as (
    select distinct song_key
    from tied
),

plays_of_tied as (
    select
        songplays.song_key,
        songplays.user_id,
        date_trunc('hour', songplays.start_time) as hour_start
    from analytics.songplays
    inner join tied_songs
        on songplays.song_key = tied_songs.song_key
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
        songplays.start_time < :period_start
        and (:level = '' or songplays.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
),

heard_before as (
    select
        tied.period_number,
        tied.song_key,
        plays_of_tied.user_id
    from plays_of_tied
    inner join hours
        on plays_of_tied.hour_start = hours.hour_start
    inner join days
        on hours.day = days.day
    inner join tied
        on days.period_number = tied.period_number
        and plays_of_tied.song_key = tied.song_key
    group by
        tied.period_number,
        tied.song_key,
        plays_of_tied.user_id
),

listened as (
    select
        0 as period_number,
        song_key,
        listeners
    from song_listeners
    union all
    select
        period_number,
        song_key,
        count(user_id) as listeners
    from heard_before
    group by
        period_number,
        song_key
),

ranked as (
    select
        contenders.period_number,
        contenders.song_key,
        contenders.plays,
        listened.listeners,
        row_number() over (
            partition by contenders.period_number
            order by contenders.plays desc, listened.listeners desc, contenders.song_key
        ) as chart_rank,
        rank() over (
            partition by contenders.period_number
            order by contenders.plays desc, listened.listeners desc
        ) as tied_rank
    from contenders
    left join listened
        on contenders.song_key = listened.song_key
        and contenders.period_number = listened.period_number
),

charted as (
    select
        period_number,
        song_key,
        plays,
        listeners,
        chart_rank,
        tied_rank,
        lag(chart_rank) over (
            partition by song_key
            order by period_number desc
        ) as last_rank,
        lag(period_number) over (
            partition by song_key
            order by period_number desc
        ) as last_period,
        min(chart_rank) over (
            partition by song_key
            order by period_number desc
            rows between unbounded preceding and current row
        ) as peak_rank,
        count(*) over (
            partition by song_key
            order by period_number desc
            rows between unbounded preceding and current row
        ) as charts
    from ranked
    where chart_rank <= :depth
),

everything as (
    select sum(plays) as plays
    from hour_totals
    where day between :first_day and :last_day
)

select
    charted.chart_rank,
    charted.tied_rank,
    case
        when charted.last_period is null then 'NEW'
        when charted.last_period > 1 then 'RE'
        when charted.last_rank > charted.chart_rank then 'UP'
        when charted.last_rank < charted.chart_rank then 'DOWN'
        else 'SAME'
    end as movement,
    case when charted.last_period = 1 then charted.last_rank end as previous_rank,
    charted.peak_rank,
    charted.charts,
    charted.song_key,
    song_titles.song,
    song_titles.artist,
    charted.plays,
    charted.listeners,
    cast(charted.plays as double precision) / nullif(charted.listeners, 0)
        as plays_per_listener,
    cast(charted.plays as double precision) / everything.plays as share,
    case when song_counts.matched_plays > 0 then 1 else 0 end as is_matched
from charted
inner join song_counts
    on charted.song_key = song_counts.song_key
left join song_titles
    on charted.song_key = song_titles.song_key
cross join everything
where charted.period_number = 0
order by charted.chart_rank;
