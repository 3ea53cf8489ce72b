-- The app's activity log, every accepted record as delivered, repeats included.
-- grain: one row per accepted record of a log file
-- key: none; the star removes repeats
create table if not exists staging.events (
    artist varchar(1024),
    auth varchar(1024),
    first_name varchar(1024),
    gender varchar(1024),
    item_in_session integer not null,
    last_name varchar(1024),
    length double precision,
    level varchar(1024),
    location varchar(1024),
    method varchar(1024),
    page varchar(1024),
    registration double precision,
    session_id bigint not null,
    song varchar(1024),
    status integer,
    ts bigint not null,
    user_agent varchar(4096),
    user_id varchar(1024),
    load_id bigint not null
);
comment on table staging.events is
'The activity log, every accepted record as delivered, repeats included.';
comment on column staging.events.artist is
'Artist of the song, as text of the log; null unless a song is played.';
comment on column staging.events.auth is
'Logged In, Logged Out, or another state of the app.';
comment on column staging.events.first_name is
'First name of the user; null when logged out.';
comment on column staging.events.gender is
'F, M, or null.';
comment on column staging.events.item_in_session is
'Counter of the events of a session, from 0.';
comment on column staging.events.last_name is
'Last name of the user; null when logged out.';
comment on column staging.events.length is
'Length of the song, in seconds; null unless a song is played.';
comment on column staging.events.level is
'Subscription of the user at the event: free or paid.';
comment on column staging.events.location is
'Metro area and state(s) of the user.';
comment on column staging.events.method is
'HTTP method of the request.';
comment on column staging.events.page is
'Page of the app; NextSong is a play.';
comment on column staging.events.registration is
'When the user registered, in milliseconds since 1970-01-01 UTC.';
comment on column staging.events.session_id is
'Session of the app; may be used again by another user.';
comment on column staging.events.song is
'Title of the song, as text of the log; null unless a song is played.';
comment on column staging.events.status is
'HTTP status of the response.';
comment on column staging.events.ts is
'When the event happened, in milliseconds since 1970-01-01 UTC.';
comment on column staging.events.user_agent is
'Browser of the user, as sent.';
comment on column staging.events.user_id is
'User, as delivered; empty or null when logged out.';
comment on column staging.events.load_id is
'The load that brought this row.';
