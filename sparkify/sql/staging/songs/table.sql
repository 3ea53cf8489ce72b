-- The song catalogue, every accepted record as delivered, repeats included.
-- grain: one row per accepted record of a song file
-- key: none; the star removes repeats
create table if not exists staging.songs (
    num_songs integer,
    artist_id varchar(1024) not null,
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location varchar(1024),
    artist_name varchar(1024),
    song_id varchar(1024) not null,
    title varchar(1024),
    duration double precision,
    year integer,
    load_id bigint not null
);
comment on table staging.songs is
'The song catalogue, every accepted record as delivered, repeats included.';
comment on column staging.songs.num_songs is
'Number of songs in the record, as delivered.';
comment on column staging.songs.artist_id is
'Artist of the song.';
comment on column staging.songs.artist_latitude is
'Latitude of the artist''s place, in degrees; often null.';
comment on column staging.songs.artist_longitude is
'Longitude of the artist''s place, in degrees; often null.';
comment on column staging.songs.artist_location is
'Place of the artist; empty when unknown.';
comment on column staging.songs.artist_name is
'Name of the artist in this record; one artist may have several.';
comment on column staging.songs.song_id is
'Song.';
comment on column staging.songs.title is
'Title of the song.';
comment on column staging.songs.duration is
'Length of the song, in seconds.';
comment on column staging.songs.year is
'Year of release; 0 when unknown.';
comment on column staging.songs.load_id is
'The load that brought this row.';
