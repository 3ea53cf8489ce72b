-- check: rejects_are_accounted_for
-- severity: error
-- The quarantine holds as many records of a load as its files have rejected.
with

kept as (
    select
        load_id,
        count(*) as rejects
    from control.rejects
    where load_id between :first_load_id and :last_load_id
    group by load_id
),

counted as (
    select
        load_id,
        sum(rejected) as rejected
    from control.load_files
    where
        load_id between :first_load_id and :last_load_id
        and status = 'loaded'
    group by load_id
)

select
    counted.load_id,
    counted.rejected,
    coalesce(kept.rejects, 0) as rejects
from counted
left join kept
    on counted.load_id = kept.load_id
where counted.rejected <> coalesce(kept.rejects, 0);

-- check: rejects_have_their_load
-- severity: error
-- scope: warehouse
-- A reject is that of a load in the ledger.
select
    rejects.load_id,
    rejects.uri
from control.rejects
left join control.loads
    on rejects.load_id = loads.load_id
where loads.load_id is null;
