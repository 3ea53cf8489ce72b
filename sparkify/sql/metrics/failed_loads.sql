-- Which loads were undone, and why?
-- The newest ones, at most as many as are asked for.
-- grain: one row per load that was undone
-- kind: exact
-- column: run_id integer Run that tried.
-- column: load_id integer Load that was tried.
-- column: failed_at timestamp When it failed, UTC.
-- column: error text Kind of error.
-- column: message text What happened, to which object, what to do.
with

numbered as (
    select
        attempts.run_id,
        attempts.load_id,
        attempts.failed_at,
        attempts.error,
        attempts.message,
        row_number() over (order by attempts.load_id desc) as place
    from control.attempts
    left join control.loads
        on attempts.load_id = loads.load_id
    where loads.load_id is null
)

select
    run_id,
    load_id,
    failed_at,
    error,
    message
from numbered
where place <= :depth
order by load_id desc;
