-- The artists of the song catalogue.
-- grain: one row per artist id
-- key: artist_id
create table if not exists analytics.artists (
    artist_id varchar(1024) not null,
    name varchar(1024),
    location varchar(1024),
    latitude double precision,
    longitude double precision
);
comment on table analytics.artists is
'The artists of the song catalogue.';
comment on column analytics.artists.artist_id is
'Artist.';
comment on column analytics.artists.name is
'Name; one of those delivered.';
comment on column analytics.artists.location is
'Place; null when unknown.';
comment on column analytics.artists.latitude is
'Latitude of the place, in degrees; null when unknown.';
comment on column analytics.artists.longitude is
'Longitude of the place, in degrees; null when unknown.';
