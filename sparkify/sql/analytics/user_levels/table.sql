-- The history of the users' subscriptions, as their events bear it.
-- grain: one row per user and period of a level
-- key: user_id, valid_from
create table if not exists analytics.user_levels (
    user_id bigint not null,
    level varchar(1024),
    valid_from timestamp not null,
    valid_to timestamp
);
comment on table analytics.user_levels is
'The history of the users'' subscriptions, as their events bear it.';
comment on column analytics.user_levels.user_id is
'User.';
comment on column analytics.user_levels.level is
'Subscription in this period: free or paid; null where the events bear none.';
comment on column analytics.user_levels.valid_from is
'When the first event of the period happened, UTC; the level holds from then on.';
comment on column analytics.user_levels.valid_to is
'When the next period begins, UTC; the level holds until just before; null in the last period.';
