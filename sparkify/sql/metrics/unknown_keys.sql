-- The keys of delivered records that no column takes, whichever load met them. Exact.
-- grain: one row per dataset and key
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
