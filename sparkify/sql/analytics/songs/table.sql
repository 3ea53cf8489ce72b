-- The songs of the song catalogue.
-- grain: one row per song id
-- key: song_id
create table if not exists analytics.songs (
    song_id varchar(1024) not null,
    title varchar(1024),
    artist_id varchar(1024) not null,
    year integer,
    duration double precision
);
comment on table analytics.songs is
'The songs of the song catalogue.';
comment on column analytics.songs.song_id is
'Song.';
comment on column analytics.songs.title is
'Title.';
comment on column analytics.songs.artist_id is
'Artist of the song.';
comment on column analytics.songs.year is
'Year of release; null when unknown.';
comment on column analytics.songs.duration is
'Length, in seconds.';
