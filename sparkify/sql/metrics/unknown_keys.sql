-- Which keys of the records are not loaded?
-- Keys that no column takes, whichever load met them.
-- grain: one row per dataset and key
-- kind: exact
-- column: dataset text events or songs.
-- column: name text Key.
-- column: example text One of its values, as JSON.
select
    dataset,
    name,
    min(example) as example
from control.unknown_keys
group by
    dataset,
    name
order by
    dataset,
    name;
