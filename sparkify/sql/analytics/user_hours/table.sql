-- Mart: what users play, by hour. Days of any time zone are made of these hours.
-- grain: one row per user, hour, level, location and user agent of plays
-- key: user_id, hour_start, level, location, user_agent
create table if not exists analytics.user_hours (
    user_id bigint,
    hour_start timestamp not null,
    level varchar(1024),
    location varchar(1024),
    user_agent varchar(4096),
    plays bigint not null,
    length_ms bigint not null,
    last_play_at timestamp not null
);
comment on table analytics.user_hours is
'Mart: what users play, by hour. Days of any time zone are made of these hours.';
comment on column analytics.user_hours.user_id is
'User; null for plays without one.';
comment on column analytics.user_hours.hour_start is
'Start of the hour, UTC.';
comment on column analytics.user_hours.level is
'Subscription at these plays: free or paid.';
comment on column analytics.user_hours.location is
'Metro area and state(s) at these plays.';
comment on column analytics.user_hours.user_agent is
'Browser at these plays, as sent.';
comment on column analytics.user_hours.plays is
'Plays that began in this hour.';
comment on column analytics.user_hours.length_ms is
'Milliseconds of the songs played, at their full length.';
comment on column analytics.user_hours.last_play_at is
'When the last of these plays began, UTC.';
