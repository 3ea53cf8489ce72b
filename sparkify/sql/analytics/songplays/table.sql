-- The plays: each time a user started a song.
-- grain: one row per play, a winning event with page NextSong
-- key: songplay_id
create table if not exists analytics.songplays (
    songplay_id varchar(1100) not null,
    start_time timestamp not null,
    user_id bigint,
    level varchar(1024),
    song_id varchar(1024),
    artist_id varchar(1024),
    session_id bigint not null,
    location varchar(1024),
    user_agent varchar(4096),
    item_in_session integer not null,
    song varchar(1024),
    artist varchar(1024),
    song_key bigint,
    length double precision,
    length_ms bigint,
    match_method varchar(16)
);
comment on table analytics.songplays is
'The plays: each time a user started a song.';
comment on column analytics.songplays.songplay_id is
'session_id-item_in_session-user_id, as delivered: the natural key as one text.';
comment on column analytics.songplays.start_time is
'When the song was started, UTC.';
comment on column analytics.songplays.user_id is
'User.';
comment on column analytics.songplays.level is
'Subscription of the user at this play: free or paid.';
comment on column analytics.songplays.song_id is
'Song of the catalogue; null when the catalogue has no such song.';
comment on column analytics.songplays.artist_id is
'Artist of that song, or the artist alone where match_method is artist; null when unknown.';
comment on column analytics.songplays.session_id is
'Session of the app; may be used again by another user.';
comment on column analytics.songplays.location is
'Metro area and state(s) of the user at this play.';
comment on column analytics.songplays.user_agent is
'Browser of the user, as sent.';
comment on column analytics.songplays.item_in_session is
'Place of the play in its session.';
comment on column analytics.songplays.song is
'Title by the log, repaired.';
comment on column analytics.songplays.artist is
'Artist by the log, repaired.';
comment on column analytics.songplays.song_key is
'Hash of song and artist without regard to case, null without either; charts group by it.';
comment on column analytics.songplays.length is
'Length of the song by the log, in seconds.';
comment on column analytics.songplays.length_ms is
'Length of the song by the log, in whole milliseconds; sums of it are exact.';
comment on column analytics.songplays.match_method is
'How song_id was found, best first: exact, title, folded, timed; artist when only that was.';
