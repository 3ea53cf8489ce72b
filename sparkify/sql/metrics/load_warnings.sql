-- What did the checks of the latest load warn of?
-- Checks of severity warn that found rows; the load was committed all the same.
-- grain: one row per check
-- kind: exact
-- column: check_name text Check.
-- column: offenders integer Rows that offend, counted to at most 100.
select
    check_name,
    offenders
from control.check_results
where
    load_id in (select max(load_id) from control.loads)
    and severity = 'warn'
    and offenders > 0
order by check_name;
