-- What do people do besides listening?
-- Events of logged-in users by page of the app; NextSong is a play. Users are who was
-- there at least once.
-- grain: one row per page that occurs in the period
-- kind: exact
-- column: page text Page of the app.
-- column: events integer Events.
-- column: users integer Users with such an event.
-- column: per_1000_plays number Events by 1,000 plays.
with

user_pages as (
    select
        coalesce(page_views.page, 'unknown') as page,
        page_views.user_id,
        count(*) as events
    from analytics.page_views
    left join chosen_users
        on page_views.user_id = chosen_users.user_id
        and :gender <> ''
    left join chosen_places
        on coalesce(page_views.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(page_views.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
    where
        page_views.viewed_at >= :period_start
        and page_views.viewed_at < :period_end
        and (:level = '' or page_views.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    group by
        coalesce(page_views.page, 'unknown'),
        page_views.user_id
),

viewed as (
    select
        page,
        sum(events) as events,
        count(*) as users
    from user_pages
    group by page
),

played as (
    select
        cast('NextSong' as varchar(1024)) as page,
        coalesce(sum(user_plays), 0) as events
    from hour_totals
    where day between :first_day and :last_day
),

listened as (
    select coalesce(sum(users), 0) as users
    from listening
    where
        day between :first_day and :last_day
        and (next_day is null or next_day > :last_day)
),

pages as (
    select
        page,
        events,
        users
    from viewed
    union all
    select
        played.page,
        played.events,
        listened.users
    from played
    cross join listened
    where played.events > 0
)

select
    pages.page,
    pages.events,
    pages.users,
    cast(1000 * pages.events as double precision) / nullif(played.events, 0)
        as per_1000_plays
from pages
cross join played
order by
    pages.events desc,
    pages.page;
