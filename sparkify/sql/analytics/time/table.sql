-- The moments at which songs were started, taken apart.
-- grain: one row per distinct start time of a play
-- key: start_time
create table if not exists analytics.time (
    start_time timestamp not null,
    hour integer not null,
    day integer not null,
    week integer not null,
    month integer not null,
    year integer not null,
    weekday integer not null,
    week_start date not null
);
comment on table analytics.time is
'The moments at which songs were started, taken apart.';
comment on column analytics.time.start_time is
'When a song was started, UTC.';
comment on column analytics.time.hour is
'Hour of the day, 0 to 23.';
comment on column analytics.time.day is
'Day of the month, 1 to 31.';
comment on column analytics.time.week is
'ISO week, 1 to 53; belongs to the year of its Thursday, see week_start.';
comment on column analytics.time.month is
'Month, 1 to 12.';
comment on column analytics.time.year is
'Calendar year.';
comment on column analytics.time.weekday is
'Day of the week, 0 (Sunday) to 6 (Saturday).';
comment on column analytics.time.week_start is
'Monday of the ISO week.';
