-- Lookup: what a user agent says of browser, system and device.
-- grain: one row per distinct user agent that an event was delivered with
-- key: user_agent
create table if not exists analytics.user_agents (
    user_agent varchar(4096) not null,
    browser varchar(1024),
    browser_version varchar(1024),
    os varchar(1024),
    os_version varchar(1024),
    device_type varchar(16),
    is_bot boolean not null,
    rule_version integer not null
);
comment on table analytics.user_agents is
'Lookup: what a user agent says of browser, system and device.';
comment on column analytics.user_agents.user_agent is
'User agent, as delivered; the quotes around some are no part of what is read.';
comment on column analytics.user_agents.browser is
'Family of the browser, such as Firefox; null when unknown.';
comment on column analytics.user_agents.browser_version is
'Major version of the browser; null when unknown.';
comment on column analytics.user_agents.os is
'Family of the operating system, such as Mac OS X; null when unknown.';
comment on column analytics.user_agents.os_version is
'Major version of the operating system, such as 10 or Vista; null when unknown.';
comment on column analytics.user_agents.device_type is
'desktop, mobile or tablet; null when unknown, and of a bot.';
comment on column analytics.user_agents.is_bot is
'Whether it says to be a program that crawls.';
comment on column analytics.user_agents.rule_version is
'Version of the rules that made this row.';
