-- The quarantine, counted by file and reason. A newer version of a file supersedes its rejects. Exact.
-- grain: one row per file and reason
with

newest as (
    select
        uri,
        max(load_id) as load_id
    from control.load_files
    where status = 'loaded'
    group by uri
)

select
    rejects.dataset,
    rejects.uri,
    rejects.reason,
    count(*) as records
from control.rejects
inner join newest
    on rejects.uri = newest.uri
    and rejects.load_id = newest.load_id
group by
    rejects.dataset,
    rejects.uri,
    rejects.reason
order by
    records desc,
    rejects.uri,
    rejects.reason;
