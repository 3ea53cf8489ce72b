-- The users of the asked gender.
-- grain: one row per user
create temp table chosen_users as
select user_id
from analytics.users
where coalesce(gender, 'unknown') = :gender;
