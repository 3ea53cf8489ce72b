-- check: songs_are_accounted_for
-- severity: error
-- Staging holds as many songs of a load as its files have staged.
with

kept as (
    select
        load_id,
        count(*) as rows_kept
    from staging.songs
    where load_id between :first_load_id and :last_load_id
    group by load_id
),

counted as (
    select
        load_id,
        sum(staged) as staged
    from control.load_files
    where
        load_id between :first_load_id and :last_load_id
        and dataset = 'songs'
        and status = 'loaded'
    group by load_id
)

select
    counted.load_id,
    counted.staged,
    coalesce(kept.rows_kept, 0) as rows_kept
from counted
left join kept
    on counted.load_id = kept.load_id
where counted.staged <> coalesce(kept.rows_kept, 0);

-- check: songs_have_their_load
-- severity: error
-- scope: warehouse
-- A row of staging is that of a load in the ledger.
select
    songs.load_id,
    count(*) as rows_found
from staging.songs
left join control.loads
    on songs.load_id = loads.load_id
where loads.load_id is null
group by songs.load_id;
