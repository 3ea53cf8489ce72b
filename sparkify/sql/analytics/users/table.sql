-- The app's users, each as in the latest event.
-- grain: one row per user id ever seen logged in
-- key: user_id
create table if not exists analytics.users (
    user_id bigint not null,
    first_name varchar(1024),
    last_name varchar(1024),
    gender varchar(1024),
    level varchar(1024),
    registered_at timestamp,
    last_event_at timestamp not null,
    last_session_id bigint not null,
    last_item_in_session integer not null
);
comment on table analytics.users is
'The app''s users, each as in the latest event.';
comment on column analytics.users.user_id is
'User.';
comment on column analytics.users.first_name is
'First name.';
comment on column analytics.users.last_name is
'Last name.';
comment on column analytics.users.gender is
'F, M, or null.';
comment on column analytics.users.level is
'Subscription at the latest event: free or paid.';
comment on column analytics.users.registered_at is
'When the user registered, UTC.';
comment on column analytics.users.last_event_at is
'When the latest event happened, UTC; decides which event is the latest.';
comment on column analytics.users.last_session_id is
'Session of the latest event; decides between events of one time.';
comment on column analytics.users.last_item_in_session is
'Place of the latest event in its session; decides between events of one time.';
