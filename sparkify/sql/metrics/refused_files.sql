-- Which files were refused as a whole?
-- Files whose newest version was refused: damaged, or with more rejects than
-- MAX_REJECTS allows.
-- grain: one row per source file
-- kind: exact
-- column: uri text File.
with

newest as (
    select
        uri,
        max(load_id) as load_id
    from control.load_files
    group by uri
)

select load_files.uri
from control.load_files
inner join newest
    on load_files.uri = newest.uri
    and load_files.load_id = newest.load_id
where load_files.status = 'refused'
order by load_files.uri;
