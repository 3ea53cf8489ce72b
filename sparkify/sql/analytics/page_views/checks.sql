-- check: page_views_key_is_unique
-- severity: error
-- A page view has one row.
with

-- numbers first: cheap, and few places of a session have several events
settled_places as (
    select distinct
        session_id,
        item_in_session
    from settled_events
    where
        user_id is not null
        and coalesce(page, '') <> 'NextSong'
)

select
    page_views.page_view_id,
    count(*) as rows_found
from analytics.page_views
inner join settled_places
    on page_views.session_id = settled_places.session_id
    and page_views.item_in_session = settled_places.item_in_session
group by page_views.page_view_id
having count(*) > 1;

-- check: page_views_are_complete
-- severity: error
-- A page view is there for each event of a user that is no play.
select
    settled_events.session_id,
    settled_events.item_in_session,
    settled_events.user_id
from settled_events
left join analytics.page_views
    on settled_events.session_id = page_views.session_id
    and settled_events.item_in_session = page_views.item_in_session
    and settled_events.user_id = page_views.user_id
where
    settled_events.user_id is not null
    and coalesce(settled_events.page, '') <> 'NextSong'
    and page_views.page_view_id is null;

-- check: page_views_come_from_events
-- severity: error
-- scope: warehouse
-- A page view is that of a delivered event.
select page_views.page_view_id
from analytics.page_views
left join settled_events
    on page_views.session_id = settled_events.session_id
    and page_views.item_in_session = settled_events.item_in_session
    and page_views.user_id = settled_events.user_id
where
    settled_events.session_id is null
    or settled_events.page = 'NextSong';
