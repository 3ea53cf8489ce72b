-- Lookup: what the log calls a song, as delivered, and how it reads repaired.
-- grain: one row per distinct pair of song and artist that a play was delivered with
-- key: delivered_song, delivered_artist
create table if not exists analytics.song_texts (
    delivered_song varchar(1024) not null,
    delivered_artist varchar(1024) not null,
    song varchar(1024) not null,
    artist varchar(1024) not null,
    song_key bigint not null,
    credit_key bigint,
    match_key bigint,
    base_key bigint,
    artist_key bigint,
    rule_version integer not null
);
comment on table analytics.song_texts is
'Lookup: what the log calls a song, as delivered, and how it reads repaired.';
comment on column analytics.song_texts.delivered_song is
'Title, as delivered; empty when it was missing.';
comment on column analytics.song_texts.delivered_artist is
'Artist, as delivered; empty when missing.';
comment on column analytics.song_texts.song is
'Title, with text that was encoded twice repaired.';
comment on column analytics.song_texts.artist is
'Artist, with text that was encoded twice repaired.';
comment on column analytics.song_texts.song_key is
'Hash of the repaired pair without regard to case; charts group by it.';
comment on column analytics.song_texts.credit_key is
'Hash of the repaired artist, as credited, without regard to case; null without an artist. Charts group by it.';
comment on column analytics.song_texts.match_key is
'Hash of the repaired pair without what never tells songs apart; null without either.';
comment on column analytics.song_texts.base_key is
'Hash of the repaired pair without what only at times tells songs apart; null without either.';
comment on column analytics.song_texts.artist_key is
'Hash of the name of the first artist; null without an artist.';
comment on column analytics.song_texts.rule_version is
'Version of the rules that made this row.';
