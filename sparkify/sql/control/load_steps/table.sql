-- How long each step of a committed load took, and how many rows it changed.
-- grain: one row per load and step
-- key: load_id, step
create table if not exists control.load_steps (
    load_id bigint not null,
    place integer not null,
    step varchar(128) not null,
    changed bigint,
    seconds double precision not null
);
comment on table control.load_steps is
'How long each step of a committed load took, and how many rows it changed.';
comment on column control.load_steps.load_id is
'The load.';
comment on column control.load_steps.place is
'Which step of the load it was, from 1.';
comment on column control.load_steps.step is
'read (files made readable), a table (copied or built), or check.';
comment on column control.load_steps.changed is
'Rows inserted, updated or deleted; null for a step that changes no table that stays.';
comment on column control.load_steps.seconds is
'How long it took, by the client''s clock.';
