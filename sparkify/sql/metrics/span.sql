-- From when to when does the data reach?
-- The times of the first and the last event of logged-in users, and of plays.
-- grain: one row for all data
-- kind: exact
-- column: first_event_at timestamp First event, UTC; null without data.
-- column: data_through timestamp Last event, UTC; null without data.
with

ends as (
    select
        min(start_time) as first_event_at,
        max(start_time) as data_through
    from analytics.songplays
    union all
    select
        min(viewed_at) as first_event_at,
        max(viewed_at) as data_through
    from analytics.page_views
)

select
    min(first_event_at) as first_event_at,
    max(data_through) as data_through
from ends;
