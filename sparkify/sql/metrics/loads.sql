-- What did each load bring, and how long did it take?
-- The newest loads, at most as many as are asked for.
-- grain: one row per committed load
-- kind: exact
-- column: run_id integer Run that made it.
-- column: load_id integer Load.
-- column: kind text load or full refresh.
-- column: started_at timestamp When it began, UTC.
-- column: finished_at timestamp When it was recorded, UTC.
-- column: files integer Files loaded.
-- column: refused_files integer Files of which nothing was loaded.
-- column: records integer Records read.
-- column: rejected integer Records kept aside.
-- column: seconds number How long its steps took, without waits for the lock.
-- column: message text Why files were refused; null when none was.
with

numbered as (
    select
        run_id,
        load_id,
        kind,
        started_at,
        finished_at,
        files,
        records,
        rejected,
        row_number() over (order by load_id desc) as place
    from control.loads
),

asked as (
    select
        run_id,
        load_id,
        kind,
        started_at,
        finished_at,
        files,
        records,
        rejected
    from numbered
    where place <= :depth
),

refused as (
    select
        load_id,
        count(*) as files
    from control.load_files
    where
        status = 'refused'
        and load_id in (select load_id from asked)
    group by load_id
),

measured as (
    select
        load_id,
        sum(seconds) as seconds
    from control.load_steps
    where load_id in (select load_id from asked)
    group by load_id
)

select
    asked.run_id,
    asked.load_id,
    asked.kind,
    asked.started_at,
    asked.finished_at,
    asked.files,
    coalesce(refused.files, 0) as refused_files,
    asked.records,
    asked.rejected,
    measured.seconds,
    attempts.message
from asked
left join refused
    on asked.load_id = refused.load_id
left join measured
    on asked.load_id = measured.load_id
left join control.attempts
    on asked.load_id = attempts.load_id
order by asked.load_id desc;
