-- Plays by gender and current level of the listeners. A listener is a user with at
-- least one play; groups under five listeners are left out. Exact.
-- grain: one row per gender and level
with

per_user as (
    select
        user_id,
        count(*) as plays
    from analytics.songplays
    group by user_id
)

select
    coalesce(users.gender, 'unknown') as gender,
    coalesce(users.level, 'unknown') as level,
    count(*) as listeners,
    sum(per_user.plays) as plays
from per_user
inner join analytics.users
    on per_user.user_id = users.user_id
group by
    coalesce(users.gender, 'unknown'),
    coalesce(users.level, 'unknown')
having count(*) >= 5
order by
    plays desc,
    gender,
    level;
