-- Each user of whom this load tells other periods than are known: all of them anew.
create temp table changed_levels as
with

known as (
    select
        user_id,
        level,
        valid_from,
        valid_to
    from analytics.user_levels
    where
        user_id in (
            select user_id
            from settled_levels
        )
),

told as (
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
    from known
),

-- a correction may take the first period away, and leave all others as they were
gone as (
    select
        user_id,
        level,
        valid_from,
        valid_to
    from known
    except
    select
        user_id,
        level,
        valid_from,
        valid_to
    from settled_levels
)

select user_id
from told
union
select user_id
from gone;

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
