-- Mart: the sessions of users, counted and measured.
-- grain: one row per session and user
-- key: session_id, user_id
create table if not exists analytics.sessions (
    session_id bigint not null,
    user_id bigint not null,
    started_at timestamp not null,
    level varchar(1024),
    location varchar(1024),
    user_agent varchar(4096),
    events bigint not null,
    plays bigint not null,
    qualified_plays bigint not null,
    duration_ms bigint not null,
    length_ms bigint not null,
    heard_ms bigint not null
);
comment on table analytics.sessions is
'Mart: the sessions of users, counted and measured.';
comment on column analytics.sessions.session_id is
'Session of the app; may be used again by another user.';
comment on column analytics.sessions.user_id is
'User.';
comment on column analytics.sessions.started_at is
'When the first event of the session happened, UTC; the session belongs to this day.';
comment on column analytics.sessions.level is
'Subscription at the first event: free or paid.';
comment on column analytics.sessions.location is
'Metro area and state(s) at the first event.';
comment on column analytics.sessions.user_agent is
'Browser at the first event, as sent.';
comment on column analytics.sessions.events is
'Events, plays included.';
comment on column analytics.sessions.plays is
'Plays; a session with one or more is a listening session.';
comment on column analytics.sessions.qualified_plays is
'Plays that lasted 30 seconds or more, as far as the log tells.';
comment on column analytics.sessions.duration_ms is
'Milliseconds from the first event to the last, or to the end of the last song.';
comment on column analytics.sessions.length_ms is
'Milliseconds of the songs played, at their full length.';
comment on column analytics.sessions.heard_ms is
'Milliseconds listened, estimated: a play ends with its song, or at the next play, logout or cancellation.';
