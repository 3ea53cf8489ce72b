-- The loads that are in the warehouse. A row enters with the data it speaks of.
-- grain: one row per committed load
-- key: load_id
create table if not exists control.loads (
    load_id bigint not null,
    run_id bigint not null,
    kind varchar(16) not null,
    revision integer not null,
    files bigint not null,
    bytes bigint not null,
    records bigint not null,
    staged bigint not null,
    rejected bigint not null,
    repeats bigint not null,
    conflicts bigint not null,
    started_at timestamp not null,
    finished_at timestamp not null
);
comment on table control.loads is
'The loads that are in the warehouse. A row enters with the data it speaks of.';
comment on column control.loads.load_id is
'Load, made by the client before the transaction: unique and rising in time.';
comment on column control.loads.run_id is
'The run that made this load; made by the client, as the load''s id is.';
comment on column control.loads.kind is
'load, or full refresh.';
comment on column control.loads.revision is
'How many versions of each of its files had been loaded before; 0 for new files.';
comment on column control.loads.files is
'Source files loaded.';
comment on column control.loads.bytes is
'Bytes of these files, as stored.';
comment on column control.loads.records is
'Records read from these files.';
comment on column control.loads.staged is
'Records accepted into staging.';
comment on column control.loads.rejected is
'Records kept aside in control.rejects.';
comment on column control.loads.repeats is
'Events of this load that were delivered before, or twice in it, without difference.';
comment on column control.loads.conflicts is
'Events that this load delivers differently from another delivery.';
comment on column control.loads.started_at is
'When the load began, UTC, by the client''s clock.';
comment on column control.loads.finished_at is
'When the load was recorded, UTC, by the client''s clock.';
