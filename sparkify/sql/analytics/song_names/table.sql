-- Lookup: what the catalogue calls its songs, with the keys that plays are matched by.
-- grain: one row per distinct pair of title and artist that a song was delivered with
-- key: delivered_title, delivered_artist
create table if not exists analytics.song_names (
    delivered_title varchar(1024) not null,
    delivered_artist varchar(1024) not null,
    match_key bigint,
    base_key bigint,
    artist_key bigint,
    rule_version integer not null
);
comment on table analytics.song_names is
'Lookup: what the catalogue calls its songs, with the keys that plays are matched by.';
comment on column analytics.song_names.delivered_title is
'Title, as delivered; empty when it was missing.';
comment on column analytics.song_names.delivered_artist is
'Name of the artist, as delivered; empty when missing.';
comment on column analytics.song_names.match_key is
'As in song_texts.';
comment on column analytics.song_names.base_key is
'As in song_texts.';
comment on column analytics.song_names.artist_key is
'As in song_texts.';
comment on column analytics.song_names.rule_version is
'Version of the rules that made this row.';
