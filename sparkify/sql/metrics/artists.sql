-- Which artists are played the most?
-- Artists are counted by the text of the log, without regard to the case of A to Z, and
-- never by joined artists of the catalogue: their aliases would count plays twice. Chart
-- and movement are as those of songs.
-- grain: one row per artist on the chart
-- kind: exact
-- column: chart_rank integer Place on the chart.
-- column: tied_rank integer Place that artists with as many plays and listeners share.
-- column: movement text NEW, RE, UP, DOWN or SAME against the last chart.
-- column: previous_rank integer Place on the last chart; null when not on it.
-- column: peak_rank integer Best place on all charts so far.
-- column: charts integer Charts the artist has been on so far.
-- column: artist text Artist by the log.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
-- column: songs integer Songs of the artist that were played.
-- column: plays_per_listener number Plays by listener.
-- column: share number Part of all plays.
-- column: is_matched boolean Whether the catalogue knows one of these songs.
with

song_artists as (
    select
        song_key,
        min(artist) as artist,
        min(
            translate(
                trim(both ' ' from artist),
                'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                'abcdefghijklmnopqrstuvwxyz'
            )
        ) as artist_key
    from analytics.song_texts
    where artist <> ''
    group by song_key
),

counted as (
    select
        song_counts.period_number,
        song_artists.artist_key,
        min(song_artists.artist) as artist,
        sum(song_counts.plays) as plays,
        count(*) as songs
    from song_counts
    inner join song_artists
        on song_counts.song_key = song_artists.song_key
    group by
        song_counts.period_number,
        song_artists.artist_key
),

-- the plays of the last artist on each chart
numbered as (
    select
        period_number,
        plays,
        row_number() over (
            partition by period_number
            order by plays desc
        ) as place
    from counted
),

least as (
    select
        period_number,
        min(plays) as plays
    from numbered
    where place <= :depth
    group by period_number
),

contenders as (
    select
        counted.period_number,
        counted.artist_key,
        counted.artist,
        counted.plays,
        counted.songs
    from counted
    inner join least
        on counted.period_number = least.period_number
        and counted.plays >= least.plays
),

contending_artists as (
    select distinct artist_key
    from contenders
),

contending_songs as (
    select
        song_artists.song_key,
        song_artists.artist_key
    from song_artists
    inner join contending_artists
        on song_artists.artist_key = contending_artists.artist_key
),

contending_plays as (
    select
        contending_songs.artist_key,
        songplays.user_id,
        date_trunc('hour', songplays.start_time) as hour_start,
        case when songplays.song_id is null then 0 else 1 end as is_matched
    from analytics.songplays
    inner join contending_songs
        on songplays.song_key = contending_songs.song_key
    where
        songplays.start_time < :period_end
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
),

played as (
    select
        days.period_number,
        contending_plays.artist_key,
        contending_plays.user_id,
        max(contending_plays.is_matched) as is_matched
    from contending_plays
    inner join hours
        on contending_plays.hour_start = hours.hour_start
    inner join days
        on hours.day = days.day
    group by
        days.period_number,
        contending_plays.artist_key,
        contending_plays.user_id
),

described as (
    select
        contenders.period_number,
        contenders.artist_key,
        contenders.artist,
        contenders.plays,
        contenders.songs,
        count(played.user_id) as listeners,
        max(played.is_matched) as is_matched
    from played
    inner join contenders
        on played.artist_key = contenders.artist_key
        and played.period_number = contenders.period_number
    group by
        contenders.period_number,
        contenders.artist_key,
        contenders.artist,
        contenders.plays,
        contenders.songs
),

ranked as (
    select
        period_number,
        artist_key,
        artist,
        plays,
        listeners,
        songs,
        is_matched,
        row_number() over (
            partition by period_number
            order by plays desc, listeners desc, artist_key
        ) as chart_rank,
        rank() over (
            partition by period_number
            order by plays desc, listeners desc
        ) as tied_rank
    from described
),

charted as (
    select
        period_number,
        artist,
        plays,
        listeners,
        songs,
        is_matched,
        chart_rank,
        tied_rank,
        lag(chart_rank) over (
            partition by artist_key
            order by period_number desc
        ) as last_rank,
        lag(period_number) over (
            partition by artist_key
            order by period_number desc
        ) as last_period,
        min(chart_rank) over (
            partition by artist_key
            order by period_number desc
            rows between unbounded preceding and current row
        ) as peak_rank,
        count(*) over (
            partition by artist_key
            order by period_number desc
            rows between unbounded preceding and current row
        ) as charts
    from ranked
    where chart_rank <= :depth
),

everything as (
    select sum(plays) as plays
    from listening
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
    charted.artist,
    charted.plays,
    charted.listeners,
    charted.songs,
    cast(charted.plays as double precision) / nullif(charted.listeners, 0)
        as plays_per_listener,
    cast(charted.plays as double precision) / everything.plays as share,
    charted.is_matched
from charted
cross join everything
where charted.period_number = 0
order by charted.chart_rank;
