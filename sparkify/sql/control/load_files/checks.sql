-- check: file_records_are_accounted_for
-- severity: error
-- Every record of a file is in staging or in the quarantine.
select
    uri,
    revision,
    records,
    staged,
    rejected,
    erased
from control.load_files
where
    load_id between :first_load_id and :last_load_id
    and status = 'loaded'
    and records <> staged + rejected + erased;

-- check: file_versions_are_loaded_once
-- severity: error
-- No version of a source file is in the ledger twice.
select
    known.uri,
    known.revision,
    count(*) as loads
from control.load_files as known
inner join control.load_files as loaded
    on known.uri = loaded.uri
    and known.dataset = loaded.dataset
    and known.revision = loaded.revision
where
    loaded.load_id between :first_load_id and :last_load_id
    and loaded.status = 'loaded'
    and known.status = 'loaded'
group by
    known.dataset,
    known.uri,
    known.revision
having count(*) > 1;
