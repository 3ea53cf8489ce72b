-- The quarantine: records that could not be accepted, with the reason.
-- grain: one row per rejected record of a version of a source file
-- key: none; a file may hold the same text twice on one line
create table if not exists control.rejects (
    load_id bigint not null,
    dataset varchar(16) not null,
    uri varchar(4096) not null,
    position bigint not null,
    line bigint not null,
    reason varchar(256) not null,
    raw_record varchar(16384),
    raw_bytes bigint not null
);
comment on table control.rejects is
'The quarantine: records that could not be accepted, with the reason.';
comment on column control.rejects.load_id is
'The load that read this record.';
comment on column control.rejects.dataset is
'events or songs.';
comment on column control.rejects.uri is
'Path or address of the file.';
comment on column control.rejects.position is
'Where the record begins in the file''s text, in bytes, from 0.';
comment on column control.rejects.line is
'Line on which the record begins, from 1.';
comment on column control.rejects.reason is
'Why it was rejected: what, or column and what.';
comment on column control.rejects.raw_record is
'The record as delivered, cut to 4,096 characters.';
comment on column control.rejects.raw_bytes is
'Full length of the record, in bytes.';
