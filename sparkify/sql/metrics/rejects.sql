-- Which records were kept aside?
-- The newest version of a file supersedes the rejects of older ones.
-- grain: one row per rejected record
-- kind: exact
-- column: dataset text events or songs.
-- column: uri text File.
-- column: line integer Line of the file, from 1.
-- column: position integer Byte of the file, from 0.
-- column: reason text Why it was not accepted.
-- column: raw_record text The record as it stands in the file, cut when long.
-- column: raw_bytes integer Its length in bytes.
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
