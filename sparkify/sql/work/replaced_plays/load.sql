-- The plays in the star whose event this load weighs again.
-- grain: one row per play
create temp table replaced_plays as
select
    songplays.songplay_id,
    songplays.session_id,
    songplays.item_in_session,
    songplays.user_id,
    songplays.start_time
from analytics.songplays
inner join settled_events
    on songplays.session_id = settled_events.session_id
    and songplays.item_in_session = settled_events.item_in_session
    and (
        songplays.user_id = settled_events.user_id
        or (songplays.user_id is null and settled_events.user_id is null)
    )
where settled_events.is_contested = 1;
