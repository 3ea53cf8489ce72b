-- The versions of source files that were read: loaded, or refused as a whole.
-- grain: one row per version of a source file and load that read it
-- key: load_id, uri
create table if not exists control.load_files (
    load_id bigint not null,
    dataset varchar(16) not null,
    uri varchar(4096) not null,
    revision integer not null,
    bytes bigint not null,
    modified_at bigint not null,
    etag varchar(1024),
    content_hash varchar(64),
    records bigint not null,
    staged bigint not null,
    rejected bigint not null,
    erased bigint not null,
    status varchar(16) not null
);
comment on table control.load_files is
'The versions of source files that were read: loaded, or refused as a whole.';
comment on column control.load_files.load_id is
'The load that brought this version.';
comment on column control.load_files.dataset is
'events or songs.';
comment on column control.load_files.uri is
'Path or address of the file.';
comment on column control.load_files.revision is
'How many versions of this file had been loaded before; 0 for the first.';
comment on column control.load_files.bytes is
'Bytes of this version, as stored.';
comment on column control.load_files.modified_at is
'Modification time of this version, in nanoseconds since 1970-01-01 UTC.';
comment on column control.load_files.etag is
'The store''s own name of this version; null for a folder.';
comment on column control.load_files.content_hash is
'SHA-256 of this version, as stored, in hexadecimal.';
comment on column control.load_files.records is
'Records read from this version.';
comment on column control.load_files.staged is
'Records accepted into staging.';
comment on column control.load_files.rejected is
'Records kept aside in control.rejects.';
comment on column control.load_files.erased is
'Records that were erased on request.';
comment on column control.load_files.status is
'loaded, or refused: damaged, or too many rejects; nothing of it is loaded.';
