-- The places of the users: a location taken apart into metro area and states.
-- grain: one row per distinct location that an event was delivered with
-- key: location
create table if not exists analytics.places (
    location varchar(1024) not null,
    metro varchar(1024),
    states varchar(1024),
    primary_state varchar(2)
);
comment on table analytics.places is
'The places of the users: a location taken apart into metro area and states.';
comment on column analytics.places.location is
'Location, as delivered: Metro-City-Names, ST[-ST...].';
comment on column analytics.places.metro is
'Metro area, the text before the comma; null when the location has another form.';
comment on column analytics.places.states is
'States, as listed after the comma: IL-IN-WI; null when the location has another form.';
comment on column analytics.places.primary_state is
'First of the states, that of the principal city; null when the location has another form.';
