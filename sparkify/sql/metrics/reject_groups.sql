-- Why were records kept aside?
-- The newest version of a file supersedes the rejects of older ones.
-- grain: one row per file and reason
-- kind: exact
-- column: dataset text events or songs.
-- column: uri text File.
-- column: reason text Why they were not accepted.
-- column: records integer Records.
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
