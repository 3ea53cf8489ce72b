-- check: users_key_is_unique
-- severity: error
-- A user has one row.
with

touched as (
    select distinct cast(user_id as bigint) as user_id
    from settled_events
    where user_id <> ''
)

select
    users.user_id,
    count(*) as rows_found
from analytics.users
inner join touched
    on users.user_id = touched.user_id
group by users.user_id
having count(*) > 1;

-- check: users_are_complete
-- severity: error
-- Every user seen logged in has a row.
with

touched as (
    select distinct cast(user_id as bigint) as user_id
    from settled_events
    where user_id <> ''
)

select touched.user_id
from touched
left join analytics.users
    on touched.user_id = users.user_id
where users.user_id is null;

-- check: users_level_is_known
-- severity: error
-- A user's level is free or paid.
select
    user_id,
    level
from analytics.users
where level not in ('free', 'paid');

-- check: users_come_from_events
-- severity: error
-- scope: warehouse
-- A user was seen logged in.
with

seen as (
    select distinct cast(user_id as bigint) as user_id
    from settled_events
    where user_id <> ''
)

select users.user_id
from analytics.users
left join seen
    on users.user_id = seen.user_id
where seen.user_id is null;
