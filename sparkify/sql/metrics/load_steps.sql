-- How long did each step of a load take?
-- Steps of the newest loads, at most as many loads as are asked for.
-- grain: one row per committed load and step
-- kind: exact
-- column: load_id integer Load.
-- column: place integer Which step of the load it was, from 1.
-- column: step text read, a table, or check.
-- column: changed integer Rows it changed; null when it changes no table that stays.
-- column: seconds number How long it took.
with

numbered as (
    select
        load_id,
        row_number() over (order by load_id desc) as place
    from control.loads
)

select
    load_steps.load_id,
    load_steps.place,
    load_steps.step,
    load_steps.changed,
    load_steps.seconds
from control.load_steps
inner join numbered
    on load_steps.load_id = numbered.load_id
where numbered.place <= :depth
order by
    load_steps.load_id desc,
    load_steps.place;
