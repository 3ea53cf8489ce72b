-- What each check of a committed load found.
-- grain: one row per load and check
-- key: load_id, check_name
create table if not exists control.check_results (
    load_id bigint not null,
    check_name varchar(128) not null,
    severity varchar(16) not null,
    offenders bigint not null
);
comment on table control.check_results is
'What each check of a committed load found.';
comment on column control.check_results.load_id is
'The load that was checked.';
comment on column control.check_results.check_name is
'Check; docs/schema.md says what each proves.';
comment on column control.check_results.severity is
'error (would have undone the load) or warn.';
comment on column control.check_results.offenders is
'Rows that offend, counted to at most 100.';
