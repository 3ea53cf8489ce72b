-- Keys of the delivered records that no column takes: schema drift, noticed per load.
-- grain: one row per load, dataset and key
-- key: load_id, dataset, name
create table if not exists control.unknown_keys (
    load_id bigint not null,
    dataset varchar(16) not null,
    name varchar(1024) not null,
    records bigint not null,
    example varchar(4096)
);
comment on table control.unknown_keys is
'Keys of the delivered records that no column takes: schema drift, noticed per load.';
comment on column control.unknown_keys.load_id is
'The load that met the key.';
comment on column control.unknown_keys.dataset is
'events or songs.';
comment on column control.unknown_keys.name is
'The key.';
comment on column control.unknown_keys.records is
'Records of the load that have it.';
comment on column control.unknown_keys.example is
'One of its values as JSON, cut to 1,024 characters.';
