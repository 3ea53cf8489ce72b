-- What was delivered, and what became of it?
-- Sums over all loads, whatever the period. Repeats and conflicts are events that were
-- delivered more than once, alike or differently, as each load tells that meets them; in
-- the star such an event counts once.
-- grain: one row for all loads
-- kind: exact
-- column: loads integer Loads.
-- column: files integer Files loaded.
-- column: records integer Records read.
-- column: rejected integer Records kept aside, of the newest loaded version of each file.
-- column: repeats integer Events delivered again without difference.
-- column: conflicts integer Events delivered differently.
-- column: refused_files integer Files whose newest version was refused.
-- column: last_load_id integer Latest load.
-- column: last_loaded_at timestamp When it was recorded, UTC.
with

loaded as (
    select
        count(*) as loads,
        coalesce(sum(files), 0) as files,
        coalesce(sum(records), 0) as records,
        coalesce(sum(repeats), 0) as repeats,
        coalesce(sum(conflicts), 0) as conflicts,
        max(load_id) as last_load_id,
        max(finished_at) as last_loaded_at
    from control.loads
),

versions as (
    select
        status,
        rejected,
        row_number() over (
            partition by uri
            order by load_id desc
        ) as place,
        row_number() over (
            partition by uri, status
            order by load_id desc
        ) as place_of_status
    from control.load_files
),

newest as (
    select
        coalesce(
            sum(case when status = 'loaded' and place_of_status = 1 then rejected end), 0
        ) as rejected,
        coalesce(sum(case when status = 'refused' and place = 1 then 1 end), 0)
            as refused_files
    from versions
)

select
    loaded.loads,
    loaded.files,
    loaded.records,
    newest.rejected,
    loaded.repeats,
    loaded.conflicts,
    newest.refused_files,
    loaded.last_load_id,
    loaded.last_loaded_at
from loaded
cross join newest;
