-- Which artists are played the most?
-- Artists are counted by the text of the log, without regard to case, and never by joined
-- artists of the catalogue: their aliases would count plays twice. Chart and movement are
-- as those of songs.
-- grain: one row per artist on the chart
-- kind: exact
-- column: chart_rank integer Place on the chart.
-- column: tied_rank integer Place that artists with as many plays and listeners share.
-- column: movement text NEW, RE, UP, DOWN or SAME against the last chart.
-- column: previous_rank integer Place on the last chart; null when not on it.
-- column: peak_rank integer Best place on all charts so far.
-- column: charts integer Charts the artist has been on so far.
-- column: artist text Artist by the log, as most plays have it.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
-- column: songs integer Songs of the artist that were played.
-- column: plays_per_listener number Plays by listener.
-- column: share number Part of all plays.
-- column: is_matched boolean Whether one of these plays finds its song in the catalogue.
with

song_artists as (
    select
        song_key,
        min(credit_key) as credit_key
    from analytics.song_texts
    where credit_key is not null
    group by song_key
),

counts_of_songs as (
    select
        0 as period_number,
        song_key,
        plays,
        matched_plays
    from song_counts
    union all
    select
        period_number,
        song_key,
        plays,
        0 as matched_plays
    from song_history
),

counted as (
    select
        counts_of_songs.period_number,
        song_artists.credit_key,
        sum(counts_of_songs.plays) as plays,
        count(*) as songs,
        sum(counts_of_songs.matched_plays) as matched_plays
    from counts_of_songs
    inner join song_artists
        on counts_of_songs.song_key = song_artists.song_key
    group by
        counts_of_songs.period_number,
        song_artists.credit_key
),

-- the plays of the last artist on each chart
tallied as (
    select
        period_number,
        plays,
        count(*) as artists
    from counted
    group by
        period_number,
        plays
),

placed as (
    select
        period_number,
        plays,
        sum(artists) over (
            partition by period_number
            order by plays desc
            rows between unbounded preceding and current row
        ) - artists as artists_above
    from tallied
),

least as (
    select
        period_number,
        min(plays) as plays
    from placed
    where artists_above < :depth
    group by period_number
),

contenders as (
    select
        counted.period_number,
        counted.credit_key,
        counted.plays,
        counted.songs,
        counted.matched_plays,
        count(*) over (
            partition by counted.period_number, counted.plays
        ) as as_many
    from counted
    inner join least
        on counted.period_number = least.period_number
        and counted.plays >= least.plays
),

contending_songs as (
    select
        song_artists.song_key,
        song_artists.credit_key
    from song_artists
    inner join contenders
        on song_artists.credit_key = contenders.credit_key
    where contenders.period_number = 0
),

-- listeners are shown of this period; before it they part artists with as many plays
heard as (
    select
        contending_songs.credit_key,
        songplays.user_id
    from analytics.songplays
    inner join contending_songs
        on songplays.song_key = contending_songs.song_key
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
        songplays.start_time >= :period_start
        and songplays.start_time < :period_end
        and (:level = '' or songplays.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    group by
        contending_songs.credit_key,
        songplays.user_id
),

tied as (
    select
        period_number,
        credit_key
    from contenders
    where
        period_number > 0
        and as_many > 1
),

tied_artists as (
    select distinct credit_key
    from tied
),

tied_songs as (
    select
        song_artists.song_key,
        song_artists.credit_key
    from song_artists
    inner join tied_artists
        on song_artists.credit_key = tied_artists.credit_key
),

plays_of_tied as (
    select
        tied_songs.credit_key,
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
        tied.credit_key,
        plays_of_tied.user_id
    from plays_of_tied
    inner join hours
        on plays_of_tied.hour_start = hours.hour_start
    inner join days
        on hours.day = days.day
    inner join tied
        on days.period_number = tied.period_number
        and plays_of_tied.credit_key = tied.credit_key
    group by
        tied.period_number,
        tied.credit_key,
        plays_of_tied.user_id
),

listened as (
    select
        0 as period_number,
        credit_key,
        count(user_id) as listeners
    from heard
    group by credit_key
    union all
    select
        period_number,
        credit_key,
        count(user_id) as listeners
    from heard_before
    group by
        period_number,
        credit_key
),

ranked as (
    select
        contenders.period_number,
        contenders.credit_key,
        contenders.plays,
        listened.listeners,
        contenders.songs,
        contenders.matched_plays,
        row_number() over (
            partition by contenders.period_number
            order by
                contenders.plays desc,
                listened.listeners desc,
                contenders.credit_key
        ) as chart_rank,
        rank() over (
            partition by contenders.period_number
            order by contenders.plays desc, listened.listeners desc
        ) as tied_rank
    from contenders
    left join listened
        on contenders.credit_key = listened.credit_key
        and contenders.period_number = listened.period_number
),

charted as (
    select
        period_number,
        credit_key,
        plays,
        listeners,
        songs,
        matched_plays,
        chart_rank,
        tied_rank,
        lag(chart_rank) over (
            partition by credit_key
            order by period_number desc
        ) as last_rank,
        lag(period_number) over (
            partition by credit_key
            order by period_number desc
        ) as last_period,
        min(chart_rank) over (
            partition by credit_key
            order by period_number desc
            rows between unbounded preceding and current row
        ) as peak_rank,
        count(*) over (
            partition by credit_key
            order by period_number desc
            rows between unbounded preceding and current row
        ) as charts
    from ranked
    where chart_rank <= :depth
),

-- of several spellings, the one with the most plays
texts as (
    select
        credit_key,
        min(artist) as artist,
        case when min(artist) < max(artist) then 1 else 0 end as has_several
    from analytics.song_texts
    where
        credit_key in (
            select credit_key
            from charted
            where period_number = 0
        )
    group by credit_key
),

written as (
    select
        song_artists.credit_key,
        songplays.artist,
        count(*) as plays
    from analytics.songplays
    inner join song_artists
        on songplays.song_key = song_artists.song_key
    inner join texts
        on song_artists.credit_key = texts.credit_key
    where
        texts.has_several = 1
        and songplays.start_time >= :period_start
        and songplays.start_time < :period_end
    group by
        song_artists.credit_key,
        songplays.artist
),

spelled as (
    select
        credit_key,
        artist,
        row_number() over (
            partition by credit_key
            order by plays desc, artist
        ) as place
    from written
),

named as (
    select
        credit_key,
        artist
    from texts
    where has_several = 0
    union all
    select
        credit_key,
        artist
    from spelled
    where place = 1
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
    named.artist,
    charted.plays,
    charted.listeners,
    charted.songs,
    cast(charted.plays as double precision) / nullif(charted.listeners, 0)
        as plays_per_listener,
    cast(charted.plays as double precision) / everything.plays as share,
    case when charted.matched_plays > 0 then 1 else 0 end as is_matched
from charted
inner join named
    on charted.credit_key = named.credit_key
cross join everything
where charted.period_number = 0
order by charted.chart_rank;
