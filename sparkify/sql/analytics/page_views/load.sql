-- The page views this load settles; those that it weighs again are replaced.
delete from analytics.page_views
using settled_events
where
    page_views.session_id = settled_events.session_id
    and page_views.item_in_session = settled_events.item_in_session
    and page_views.user_id = settled_events.user_id
    and settled_events.is_contested = 1;

insert into analytics.page_views (
    page_view_id,
    viewed_at,
    user_id,
    level,
    session_id,
    location,
    user_agent,
    item_in_session,
    page
)
select
    cast(session_id as varchar(20))
    || '-' || cast(item_in_session as varchar(20))
    || '-' || cast(user_id as varchar(20)) as page_view_id,
    happened_at as viewed_at,
    user_id,
    nullif(level, '') as level,
    session_id,
    nullif(location, '') as location,
    nullif(user_agent, '') as user_agent,
    item_in_session,
    nullif(page, '') as page
from settled_events
where
    user_id is not null
    and coalesce(page, '') <> 'NextSong';
