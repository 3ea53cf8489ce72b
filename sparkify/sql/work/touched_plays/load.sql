-- The plays in the star after this load that it has settled, or matched again.
-- grain: one row per play and reason to look at it; is_settled is 1 for a settled event
create temp table touched_plays as
select
    songplays.session_id,
    songplays.item_in_session,
    songplays.user_id,
    songplays.start_time,
    1 as is_settled,
    songplays.level,
    songplays.song_id,
    songplays.artist_id,
    settled_events.page
from analytics.songplays
inner join settled_events
    on songplays.session_id = settled_events.session_id
    and songplays.item_in_session = settled_events.item_in_session
    and (
        songplays.user_id = settled_events.user_id
        or (songplays.user_id is null and settled_events.user_id is null)
    )
union all
select
    songplays.session_id,
    songplays.item_in_session,
    songplays.user_id,
    songplays.start_time,
    0 as is_settled,
    songplays.level,
    songplays.song_id,
    songplays.artist_id,
    'NextSong' as page
from analytics.songplays
inner join rematched_plays
    on songplays.session_id = rematched_plays.session_id
    and songplays.item_in_session = rematched_plays.item_in_session
    and songplays.songplay_id = rematched_plays.songplay_id;
