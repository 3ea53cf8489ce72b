-- The pages that users looked at while logged in, but for plays: those are in songplays.
-- grain: one row per winning event of a user with another page than NextSong
-- key: page_view_id
create table if not exists analytics.page_views (
    page_view_id varchar(1100) not null,
    viewed_at timestamp not null,
    user_id bigint not null,
    level varchar(1024),
    session_id bigint not null,
    location varchar(1024),
    user_agent varchar(4096),
    item_in_session integer not null,
    page varchar(1024)
);
comment on table analytics.page_views is
'The pages that users looked at while logged in, but for plays: those are in songplays.';
comment on column analytics.page_views.page_view_id is
'session_id-item_in_session-user_id, as delivered: the natural key as one text.';
comment on column analytics.page_views.viewed_at is
'When the page was asked for, UTC.';
comment on column analytics.page_views.user_id is
'User.';
comment on column analytics.page_views.level is
'Subscription of the user at this event: free or paid; the event that changes it still bears the old one.';
comment on column analytics.page_views.session_id is
'Session of the app; may be used again by another user.';
comment on column analytics.page_views.location is
'Metro area and state(s) of the user at this event.';
comment on column analytics.page_views.user_agent is
'Browser of the user, as sent.';
comment on column analytics.page_views.item_in_session is
'Place of the event in its session.';
comment on column analytics.page_views.page is
'Page of the app, such as Home or Submit Upgrade; null when the event has none.';
