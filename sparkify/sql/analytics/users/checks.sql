-- check: users_key_is_unique
-- severity: error
-- A user has one row.
select
    users.user_id,
    count(*) as rows_found
from analytics.users
inner join touched_users
    on users.user_id = touched_users.user_id
group by users.user_id
having count(*) > 1;

-- check: users_are_complete
-- severity: error
-- Every user seen logged in has a row.
select touched_users.user_id
from touched_users
left join analytics.users
    on touched_users.user_id = users.user_id
where users.user_id is null;

-- check: users_level_is_known
-- severity: error
-- A user's level is free or paid.
select
    users.user_id,
    users.level
from analytics.users
inner join touched_users
    on users.user_id = touched_users.user_id
where users.level not in ('free', 'paid');

-- check: users_come_from_events
-- severity: error
-- scope: warehouse
-- A user was seen logged in.
select users.user_id
from analytics.users
left join touched_users
    on users.user_id = touched_users.user_id
where touched_users.user_id is null;
