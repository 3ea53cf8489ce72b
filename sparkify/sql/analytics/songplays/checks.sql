-- check: songplays_key_is_unique
-- severity: error
-- A play has one row.
with

-- numbers first: cheap, and few places of a session have several plays
shared_places as (
    select
        session_id,
        item_in_session
    from touched_plays
    where is_settled = 1
    group by
        session_id,
        item_in_session
    having count(*) > 1
)

select
    songplays.songplay_id,
    count(*) as rows_found
from analytics.songplays
inner join shared_places
    on songplays.session_id = shared_places.session_id
    and songplays.item_in_session = shared_places.item_in_session
group by songplays.songplay_id
having count(*) > 1;

-- check: songplays_are_complete
-- severity: error
-- A session has as many rows as distinct plays: no play is lost, no join adds any.
with

plays as (
    select
        session_id,
        count(*) as plays
    from settled_events
    where page = 'NextSong'
    group by session_id
),

found as (
    select
        session_id,
        count(*) as rows_found
    from touched_plays
    where is_settled = 1
    group by session_id
)

select
    plays.session_id,
    plays.plays,
    coalesce(found.rows_found, 0) as rows_found
from plays
left join found
    on plays.session_id = found.session_id
where plays.plays <> coalesce(found.rows_found, 0);

-- check: songplays_are_plays
-- severity: error
-- A row is a play, an event with page NextSong.
select
    session_id,
    item_in_session,
    user_id,
    page
from touched_plays
where coalesce(page, '') <> 'NextSong';

-- check: songplays_have_their_user
-- severity: error
-- The user of a play is in analytics.users.
select
    touched_plays.session_id,
    touched_plays.item_in_session,
    touched_plays.user_id
from touched_plays
left join analytics.users
    on touched_plays.user_id = users.user_id
where
    touched_plays.user_id is not null
    and users.user_id is null;

-- check: songplays_have_their_song
-- severity: error
-- The song of a play is in analytics.songs, with the same artist.
select
    touched_plays.session_id,
    touched_plays.item_in_session,
    touched_plays.user_id,
    touched_plays.song_id,
    touched_plays.artist_id
from touched_plays
left join analytics.songs
    on touched_plays.song_id = songs.song_id
    and touched_plays.artist_id = songs.artist_id
where
    touched_plays.song_id is not null
    and songs.song_id is null;

-- check: songplays_have_their_artist
-- severity: error
-- The artist of a play is in analytics.artists.
select
    touched_plays.session_id,
    touched_plays.item_in_session,
    touched_plays.user_id,
    touched_plays.artist_id
from touched_plays
left join analytics.artists
    on touched_plays.artist_id = artists.artist_id
where
    touched_plays.artist_id is not null
    and artists.artist_id is null;

-- check: songplays_have_their_time
-- severity: error
-- The start time of a play is in analytics.time.
select
    touched_plays.session_id,
    touched_plays.item_in_session,
    touched_plays.user_id,
    touched_plays.start_time
from touched_plays
left join analytics.time
    on touched_plays.start_time = time.start_time
where time.start_time is null;

-- check: songplays_level_is_known
-- severity: error
-- A play's level is free or paid.
select
    session_id,
    item_in_session,
    user_id,
    level
from touched_plays
where level not in ('free', 'paid');

-- check: songplays_time_is_within_reason
-- severity: error
-- A play happened from 2000 to 2099.
select
    session_id,
    item_in_session,
    user_id,
    start_time
from touched_plays
where
    start_time < timestamp '2000-01-01 00:00:00'
    or start_time >= timestamp '2100-01-01 00:00:00';

-- check: songplays_come_from_events
-- severity: error
-- scope: warehouse
-- A play is that of a delivered event, and its songplay_id says so.
select songplays.songplay_id
from analytics.songplays
left join settled_events
    on songplays.session_id = settled_events.session_id
    and songplays.item_in_session = settled_events.item_in_session
    and (
        songplays.user_id = settled_events.user_id
        or (songplays.user_id is null and settled_events.user_id is null)
    )
where
    settled_events.session_id is null
    or songplays.songplay_id
    <> cast(settled_events.session_id as varchar(20))
    || '-' || cast(settled_events.item_in_session as varchar(20))
    || '-' || coalesce(cast(settled_events.user_id as varchar(20)), '');

-- check: songplays_have_the_best_song
-- severity: error
-- scope: warehouse
-- Matching every play again changes none.
select
    songplay_id,
    song_id,
    match_method
from rematched_plays;

-- check: days_have_their_usual_plays
-- severity: warn
-- scope: run
-- A complete day has neither [CHECKS] VOLUME_FACTOR times the plays that its weekday
-- usually has, nor so many times fewer; a row is the day, its plays, and the usual ones.
select
    day,
    plays,
    usual_plays
from usual_days
where
    weeks >= :least_weeks
    and usual_plays >= :least_plays
    and (
        plays > usual_plays * :volume_factor
        or plays * :volume_factor < usual_plays
    )
order by day;

-- check: days_have_their_usual_match_rate
-- severity: warn
-- scope: run
-- As many plays of a complete day find their song as usual on its weekday, less [CHECKS]
-- MATCH_RATE_DROP; a row is the day, its plays with a song, and all of them.
select
    day,
    matched,
    plays
from usual_days
where
    weeks >= :least_weeks
    and plays * usual_match_rate >= :least_plays
    and matched < plays * usual_match_rate * (1 - :match_rate_drop)
order by day;
