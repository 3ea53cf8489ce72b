-- What the contested events were delivered as, by any load.
-- grain: one row per event and distinct content; equal deliveries are one
create temp table contested_contents as
select
    events.artist,
    events.auth,
    events.first_name,
    events.gender,
    events.item_in_session,
    events.last_name,
    events.length,
    events.level,
    events.location,
    events.method,
    events.page,
    events.registration,
    events.session_id,
    events.song,
    events.status,
    events.ts,
    events.user_agent,
    contested_events.user_id,
    contested_events.is_reread,
    max(coalesce(loads.revision, :revision)) as revision,
    min(events.load_id) as first_load_id
from contested_events
inner join staging.events
    on contested_events.session_id = events.session_id
    and contested_events.item_in_session = events.item_in_session
    and contested_events.user_id = coalesce(events.user_id, '')
left join control.loads
    on events.load_id = loads.load_id
group by
    events.artist,
    events.auth,
    events.first_name,
    events.gender,
    events.item_in_session,
    events.last_name,
    events.length,
    events.level,
    events.location,
    events.method,
    events.page,
    events.registration,
    events.session_id,
    events.song,
    events.status,
    events.ts,
    events.user_agent,
    contested_events.user_id,
    contested_events.is_reread;
