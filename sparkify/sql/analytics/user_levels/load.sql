-- Each user of whom this load tells a change of level, or an earlier event: all periods
-- anew.
create temp table changed_levels as
select
    user_id,
    level,
    valid_from,
    valid_to
from settled_levels
except
select
    user_id,
    level,
    valid_from,
    valid_to
from analytics.user_levels;

delete from analytics.user_levels
where
    user_id in (
        select user_id
        from changed_levels
    );

insert into analytics.user_levels (
    user_id,
    level,
    valid_from,
    valid_to
)
select
    user_id,
    level,
    valid_from,
    valid_to
from settled_levels
where
    user_id in (
        select user_id
        from changed_levels
    );
