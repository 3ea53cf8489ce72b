-- The quarantine. A newer version of a file supersedes its rejects. Exact.
-- grain: one row per rejected record
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
    rejects.line,
    rejects.position,
    rejects.reason,
    rejects.raw_record,
    rejects.raw_bytes
from control.rejects
inner join newest
    on rejects.uri = newest.uri
    and rejects.load_id = newest.load_id
order by
    rejects.uri,
    rejects.position;
