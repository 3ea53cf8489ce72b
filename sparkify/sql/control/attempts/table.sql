-- Loads that were undone, and files that were refused, with the diagnosis.
-- grain: one row per load that failed, as a whole or for some of its files
-- key: load_id
create table if not exists control.attempts (
    load_id bigint not null,
    run_id bigint not null,
    failed_at timestamp not null,
    error varchar(128) not null,
    message varchar(16384) not null,
    samples varchar(65535)
);
comment on table control.attempts is
'Loads that were undone, and files that were refused, with the diagnosis.';
comment on column control.attempts.load_id is
'The load that was tried; it is in control.loads when files of it were refused.';
comment on column control.attempts.run_id is
'The run that tried.';
comment on column control.attempts.failed_at is
'When it failed, UTC, by the client''s clock.';
comment on column control.attempts.error is
'Kind of error.';
comment on column control.attempts.message is
'What happened, to which object, what to do.';
comment on column control.attempts.samples is
'Offending rows as JSON, at most 100.';
