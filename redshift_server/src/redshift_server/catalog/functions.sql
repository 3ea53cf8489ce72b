-- Functions of Redshift that PostgreSQL lacks live in pg_catalog, where every
-- search_path finds them; those that PostgreSQL has with another meaning live in
-- redshift_internal, and the SQL front calls them there.
set allow_system_table_mods = on;
set check_function_bodies = off;

-- text of any value, as || makes it
create function redshift_internal.to_text(anyelement)
returns text language sql stable strict as $$ select $1::text $$;
create function redshift_internal.to_text(boolean)
returns text language sql immutable strict as $$
    select case when $1 then 'true' else 'false' end
$$;
create function redshift_internal.to_text(text)
returns text language sql immutable strict as $$ select $1 $$;

-- clocks -------------------------------------------------------------------

create function pg_catalog.getdate()
returns timestamp language sql stable as $$
    select date_trunc('second', statement_timestamp() at time zone current_setting('timezone'))
$$;
create function pg_catalog.sysdate()
returns timestamp language sql stable as $$
    select transaction_timestamp() at time zone current_setting('timezone')
$$;

-- date arithmetic ----------------------------------------------------------

create function redshift_internal.step(part text, n bigint)
returns interval language sql immutable strict as $$
    select case part
        when 'millennium' then make_interval(years => (n * 1000)::int)
        when 'century' then make_interval(years => (n * 100)::int)
        when 'decade' then make_interval(years => (n * 10)::int)
        when 'year' then make_interval(years => n::int)
        when 'quarter' then make_interval(months => (n * 3)::int)
        when 'month' then make_interval(months => n::int)
        when 'week' then make_interval(weeks => n::int)
        when 'dow' then make_interval(days => n::int)
        when 'doy' then make_interval(days => n::int)
        when 'day' then make_interval(days => n::int)
        when 'hour' then n * interval '1 hour'
        when 'minute' then n * interval '1 minute'
        when 'second' then n * interval '1 second'
        when 'epoch' then n * interval '1 second'
        when 'millisecond' then n / 1000 * interval '1 second'
            + n % 1000 * interval '1 millisecond'
        when 'microsecond' then n / 1000000 * interval '1 second'
            + n % 1000000 * interval '1 microsecond'
    end
$$;
create function pg_catalog.dateadd(part text, n bigint, value timestamp)
returns timestamp language sql immutable strict as $$
    select value + redshift_internal.step(part, n)
$$;
create function pg_catalog.dateadd(part text, n bigint, value date)
returns timestamp language sql immutable strict as $$
    select value::timestamp + redshift_internal.step(part, n)
$$;
create function pg_catalog.dateadd(part text, n bigint, value timestamptz)
returns timestamptz language sql stable strict as $$
    select value + redshift_internal.step(part, n)
$$;

-- DATEDIFF counts the boundaries crossed, not the time that passed.
create function pg_catalog.datediff(part text, a timestamp, b timestamp)
returns bigint language sql immutable strict as $$
    select case part
        when 'millennium' then div(extract(year from b)::int, 1000)
            - div(extract(year from a)::int, 1000)
        when 'century' then div(extract(year from b)::int, 100)
            - div(extract(year from a)::int, 100)
        when 'decade' then div(extract(year from b)::int, 10)
            - div(extract(year from a)::int, 10)
        when 'year' then extract(year from b) - extract(year from a)
        when 'quarter' then (extract(year from b) - extract(year from a)) * 4
            + extract(quarter from b) - extract(quarter from a)
        when 'month' then (extract(year from b) - extract(year from a)) * 12
            + extract(month from b) - extract(month from a)
        when 'week' then (
            (date_trunc('week', b + interval '1 day')::date
                - date_trunc('week', a + interval '1 day')::date) / 7
        )
        when 'day' then b::date - a::date
        when 'doy' then b::date - a::date
        when 'dow' then b::date - a::date
        when 'hour' then extract(epoch from date_trunc('hour', b) - date_trunc('hour', a)) / 3600
        when 'minute' then extract(
            epoch from date_trunc('minute', b) - date_trunc('minute', a)
        ) / 60
        when 'second' then extract(
            epoch from date_trunc('second', b) - date_trunc('second', a)
        )
        when 'epoch' then extract(
            epoch from date_trunc('second', b) - date_trunc('second', a)
        )
        when 'millisecond' then extract(
            epoch from date_trunc('milliseconds', b) - date_trunc('milliseconds', a)
        ) * 1000
        when 'microsecond' then extract(epoch from b - a) * 1000000
    end::bigint
$$;
create function pg_catalog.datediff(part text, a timestamptz, b timestamptz)
returns bigint language sql stable strict as $$
    select datediff(part, a at time zone 'UTC', b at time zone 'UTC')
$$;
create function pg_catalog.datediff(part text, a date, b date)
returns bigint language sql immutable strict as $$
    select datediff(part, a::timestamp, b::timestamp)
$$;
create function pg_catalog.datediff(part text, a date, b timestamp)
returns bigint language sql immutable strict as $$
    select datediff(part, a::timestamp, b)
$$;
create function pg_catalog.datediff(part text, a timestamp, b date)
returns bigint language sql immutable strict as $$
    select datediff(part, a, b::timestamp)
$$;

create function redshift_internal.date_part(part text, value timestamp)
returns double precision language sql immutable strict as $$
    select case part
        when 'second' then pg_catalog.date_part('second', value)
        when 'decade' then pg_catalog.date_part('decade', value) + 1
        when 'dow' then pg_catalog.date_part('dow', value)
        else pg_catalog.date_part(part, value)
    end
$$;
create function redshift_internal.date_part(part text, value date)
returns double precision language sql immutable strict as $$
    select redshift_internal.date_part(part, value::timestamp)
$$;
create function redshift_internal.date_part(part text, value timestamptz)
returns double precision language sql stable strict as $$
    select case part
        when 'decade' then pg_catalog.date_part('decade', value) + 1
        else pg_catalog.date_part(part, value)
    end
$$;
create function redshift_internal.date_part(part text, value time)
returns double precision language sql immutable strict as $$
    select pg_catalog.date_part(part, value)
$$;
create function redshift_internal.date_part(part text, value interval)
returns double precision language sql immutable strict as $$
    select pg_catalog.date_part(part, value)
$$;

-- EXTRACT gives an integer, so that EPOCH of a date from 2038 on is an error.
create function redshift_internal.date_part_whole(part text, value timestamp)
returns int language sql immutable strict as $$
    select trunc(redshift_internal.date_part(part, value))::int
$$;
create function redshift_internal.date_part_whole(part text, value date)
returns int language sql immutable strict as $$
    select trunc(redshift_internal.date_part(part, value::timestamp))::int
$$;
create function redshift_internal.date_part_whole(part text, value timestamptz)
returns int language sql stable strict as $$
    select trunc(redshift_internal.date_part(part, value))::int
$$;
create function redshift_internal.date_part_whole(part text, value time)
returns int language sql immutable strict as $$
    select trunc(pg_catalog.date_part(part, value))::int
$$;
create function redshift_internal.date_part_whole(part text, value interval)
returns int language sql immutable strict as $$
    select trunc(pg_catalog.date_part(part, value))::int
$$;

create function redshift_internal.date_trunc(part text, value timestamp)
returns timestamp language sql immutable strict as $$
    select pg_catalog.date_trunc(part, value)
$$;
create function redshift_internal.date_trunc(part text, value date)
returns timestamp language sql immutable strict as $$
    select pg_catalog.date_trunc(part, value::timestamp)
$$;
create function redshift_internal.date_trunc(part text, value timestamptz)
returns timestamptz language sql stable strict as $$
    select pg_catalog.date_trunc(part, value)
$$;

create function pg_catalog.add_months(value timestamp, n bigint)
returns timestamp language sql immutable strict as $$
    select case
        -- the last day of a month stays the last day
        when extract(month from value + interval '1 day') <> extract(month from value)
            then date_trunc('month', value) + make_interval(months => n::int + 1)
                - interval '1 day' + (value - date_trunc('day', value))
        else value + make_interval(months => n::int)
    end
$$;
create function pg_catalog.add_months(value date, n bigint)
returns timestamp language sql immutable strict as $$
    select add_months(value::timestamp, n)
$$;
create function pg_catalog.last_day(value timestamp)
returns date language sql immutable strict as $$
    select (date_trunc('month', value) + interval '1 month' - interval '1 day')::date
$$;
create function pg_catalog.last_day(value date)
returns date language sql immutable strict as $$
    select last_day(value::timestamp)
$$;
create function pg_catalog.next_day(value timestamp, day text)
returns date language sql immutable strict as $$
    select value::date + (
        (array_position(
            array['su', 'mo', 'tu', 'we', 'th', 'fr', 'sa'], lower(left(day, 2))
        ) - 1 - extract(dow from value)::int + 6) % 7 + 1
    )
$$;
create function pg_catalog.next_day(value date, day text)
returns date language sql immutable strict as $$
    select next_day(value::timestamp, day)
$$;
create function pg_catalog.months_between(a timestamp, b timestamp)
returns double precision language sql immutable strict as $$
    select (extract(year from a) - extract(year from b)) * 12
        + extract(month from a) - extract(month from b)
        + case
            when extract(day from a) = extract(day from b) then 0
            when last_day(a) = a::date and last_day(b) = b::date then 0
            else (extract(day from a) - extract(day from b)) / 31.0
        end
$$;
create function pg_catalog.convert_timezone(target text, value timestamp)
returns timestamp language sql stable strict as $$
    select value at time zone 'UTC' at time zone target
$$;
create function pg_catalog.convert_timezone(source text, target text, value timestamp)
returns timestamp language sql stable strict as $$
    select value at time zone source at time zone target
$$;
create function pg_catalog.trunc(value timestamp)
returns date language sql immutable strict as $$ select value::date $$;

-- TO_TIMESTAMP reads a format; PostgreSQL's form with one number does not exist.
create function redshift_internal.to_timestamp(value text, format text)
returns timestamptz language sql stable strict as $$
    select pg_catalog.to_timestamp(value, format)
$$;

-- numbers ------------------------------------------------------------------

create function pg_catalog.round(value double precision, digits int)
returns double precision language sql immutable strict as $$
    select round(value::numeric, digits)::double precision
$$;
create function redshift_internal.log(value double precision)
returns double precision language sql immutable strict as $$
    select pg_catalog.log(value)
$$;

create aggregate redshift_internal.sum(smallint) (sfunc = int2_sum, stype = bigint);
create aggregate redshift_internal.sum(int) (sfunc = int4_sum, stype = bigint);
create aggregate redshift_internal.sum(bigint) (sfunc = int8pl, stype = bigint);
create aggregate redshift_internal.sum(numeric) (
    sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_sum
);
create aggregate redshift_internal.sum(double precision) (
    sfunc = float8pl, stype = double precision
);
create aggregate redshift_internal.sum(interval) (
    sfunc = interval_pl, stype = interval
);

-- The state is PostgreSQL's: the count, then the sum.
create function redshift_internal.average(state bigint[], value bigint)
returns bigint[] language sql immutable strict as $$
    select array[state[1] + 1, state[2] + value]
$$;
create function redshift_internal.average_end(state bigint[])
returns bigint language sql immutable as $$ select state[2] / nullif(state[1], 0) $$;
create aggregate redshift_internal.avg(smallint) (
    sfunc = int2_avg_accum,
    stype = bigint[],
    initcond = '{0,0}',
    finalfunc = redshift_internal.average_end
);
create aggregate redshift_internal.avg(int) (
    sfunc = int4_avg_accum,
    stype = bigint[],
    initcond = '{0,0}',
    finalfunc = redshift_internal.average_end
);
create aggregate redshift_internal.avg(bigint) (
    sfunc = redshift_internal.average,
    stype = bigint[],
    initcond = '{0,0}',
    finalfunc = redshift_internal.average_end
);
create aggregate redshift_internal.avg(numeric) (
    sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg
);
create aggregate redshift_internal.avg(double precision) (
    sfunc = float8_accum,
    stype = double precision[],
    initcond = '{0,0,0}',
    finalfunc = float8_avg
);
create aggregate redshift_internal.avg(interval) (
    sfunc = interval_pl, stype = interval
);

create function redshift_internal.first_filled(state anyelement, value anyelement)
returns anyelement language sql immutable as $$ select coalesce(state, value) $$;
create function redshift_internal.last_filled(state anyelement, value anyelement)
returns anyelement language sql immutable as $$ select coalesce(value, state) $$;
create aggregate redshift_internal.any_value(anyelement) (
    sfunc = redshift_internal.first_filled, stype = anyelement
);
create aggregate redshift_internal.first_value_ignoring_nulls(anyelement) (
    sfunc = redshift_internal.first_filled, stype = anyelement
);
create aggregate redshift_internal.last_value_ignoring_nulls(anyelement) (
    sfunc = redshift_internal.last_filled, stype = anyelement
);

-- What is not NULL, for NTH_VALUE to count.
create function redshift_internal.collect(state anyarray, value anyelement)
returns anyarray language sql immutable as $$
    select case when value is null then state else array_append(state, value) end
$$;
create aggregate redshift_internal.filled(anyelement) (
    sfunc = redshift_internal.collect, stype = anyarray
);
create function redshift_internal.element(items anyarray, position_ bigint)
returns anyelement language sql immutable as $$ select items[position_::int] $$;

create function redshift_internal.version()
returns text language sql immutable as $$
    select 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 '
        || '20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.90511 (redshift_server)'
$$;

-- text ---------------------------------------------------------------------

create function pg_catalog.len(text)
returns int language sql immutable strict as $$ select char_length($1) $$;
create function pg_catalog.charindex(part text, value text)
returns int language sql immutable strict as $$ select strpos(value, part) $$;

create function redshift_internal.regexp_flags(flags text)
returns text language sql immutable as $$
    select 'g' || case when flags like '%i%' then 'i' else '' end
$$;
create function redshift_internal.regexp_replace(
    value text, pattern text, replacement text default '', position_ int default 1,
    flags text default ''
)
returns text language sql immutable strict as $$
    select left(value, position_ - 1) || pg_catalog.regexp_replace(
        substring(value from position_),
        pattern,
        -- $1 in Redshift is \1 in PostgreSQL
        pg_catalog.regexp_replace(replacement, '\$(\d)', '\\\1', 'g'),
        redshift_internal.regexp_flags(flags)
    )
$$;
create function pg_catalog.strtol(value text, base int)
returns bigint language plpgsql immutable strict as $$
declare
    digits text := lower(btrim(value));
    sign int := 1;
    result numeric := 0;
    digit int;
begin
    if base not between 2 and 36 then
        raise exception using errcode = '22023', message = 'The base must be between 2 and 36';
    end if;
    if left(digits, 1) in ('-', '+') then
        sign := case left(digits, 1) when '-' then -1 else 1 end;
        digits := substr(digits, 2);
    end if;
    if base = 16 and left(digits, 2) = '0x' then
        digits := substr(digits, 3);
    end if;
    if digits = '' then
        return null;
    end if;
    for i in 1..length(digits) loop
        digit := strpos('0123456789abcdefghijklmnopqrstuvwxyz', substr(digits, i, 1)) - 1;
        if digit < 0 or digit >= base then
            raise exception using
                errcode = '22P02',
                message = 'The input ' || value || ' is not valid to be converted to base '
                    || base;
        end if;
        result := result * base + digit;
    end loop;
    if result > 9223372036854775807 then
        raise exception using errcode = '22003', message = 'Overflow in strtol';
    end if;
    return (sign * result)::bigint;
end $$;

-- JSON ---------------------------------------------------------------------

create function pg_catalog.is_valid_json(value text)
returns boolean language plpgsql immutable strict as $$
begin
    return json_typeof(value::json) = 'object';
exception when others then
    return false;
end $$;
create function pg_catalog.is_valid_json_array(value text)
returns boolean language plpgsql immutable strict as $$
begin
    return json_typeof(value::json) = 'array';
exception when others then
    return false;
end $$;
create function redshift_internal.parse_json(value text, null_if_invalid boolean)
returns json language plpgsql immutable strict as $$
begin
    return value::json;
exception when others then
    if null_if_invalid then
        return null;
    end if;
    raise exception using errcode = 'XX000', message = 'JSON parsing error';
end $$;
create function redshift_internal.json_path(
    value text, path text[], null_if_invalid boolean
)
returns text language sql immutable strict as $$
    select redshift_internal.parse_json(value, null_if_invalid) #>> path
$$;
create function pg_catalog.json_extract_path_text(value text, variadic path text[])
returns text language sql immutable strict as $$
    select coalesce(redshift_internal.json_path(value, path, false), '')
$$;
create function pg_catalog.json_extract_path_text(
    value text, a text, null_if_invalid boolean
)
returns text language sql immutable strict as $$
    select redshift_internal.json_path(value, array[a], null_if_invalid)
$$;
create function pg_catalog.json_extract_path_text(
    value text, a text, b text, null_if_invalid boolean
)
returns text language sql immutable strict as $$
    select redshift_internal.json_path(value, array[a, b], null_if_invalid)
$$;
create function pg_catalog.json_array_length(value text)
returns int language sql immutable strict as $$
    select json_array_length(redshift_internal.parse_json(value, false))
$$;
create function pg_catalog.json_extract_array_element_text(value text, position_ int)
returns text language sql immutable strict as $$
    select redshift_internal.parse_json(value, false) ->> position_
$$;
create function pg_catalog.json_parse(value text)
returns jsonb language sql immutable strict as $$ select value::jsonb $$;
create function pg_catalog.can_json_parse(value text)
returns boolean language plpgsql immutable strict as $$
begin
    perform value::json;
    return true;
exception when others then
    return false;
end $$;
-- PostgreSQL 17 made JSON_SERIALIZE a word of its grammar.
create function redshift_internal.json_serialize(value jsonb)
returns text language sql immutable strict as $$ select value::text $$;

-- tables -------------------------------------------------------------------

create procedure redshift_internal.alter_type(table_ regclass, column_ text, type_ text)
language plpgsql as $$
begin
    if exists (
        select from pg_attrdef d
        join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
        where d.adrelid = table_ and a.attname = column_
    ) then
        raise exception using
            errcode = '0A000',
            message = 'cannot alter column "' || column_ || '" because it has a default';
    end if;
    if exists (
        select from pg_catalog.redshift_attributes, jsonb_array_elements(keys) k
        where relid = table_ and k -> 'columns' ? column_
    ) then
        raise exception using
            errcode = '0A000',
            message = 'cannot alter column "' || column_ || '" because it is part of a key';
    end if;
    execute format('alter table %s alter column %I type %s', table_, column_, type_);
end $$;

-- INSERT ... SELECT and COPY number their rows by slices, and leave gaps.
create function redshift_internal.skip_identity(table_ regclass)
returns void language plpgsql security definer as $$
declare
    column_ name;
begin
    for column_ in
        select attname from pg_attribute where attrelid = table_ and attidentity <> ''
    loop
        perform nextval(pg_get_serial_sequence(table_::text, column_))
        from generate_series(0, floor(random() * 8)::int);
    end loop;
end $$;

create function redshift_internal.check_rename(table_ regclass)
returns void language plpgsql as $$
begin
    if (select relkind from pg_class where oid = table_) = 'm' then
        raise exception using
            errcode = '0A000', message = 'a materialized view cannot be renamed';
    end if;
end $$;

-- A late-binding view keeps its query as a text that runs when the view is read, by
-- a function of the view's owner, so that it is the owner who needs rights.
create function redshift_internal.make_late_reader(owner_ name)
returns text language plpgsql security definer as $$
declare
    reader text := format('redshift_internal.%I', 'late_' || owner_);
begin
    execute format(
        'create or replace function %s(query text) returns setof record language plpgsql '
        'security definer as $f$ begin return query execute query; end $f$', reader
    );
    execute format('alter function %s(text) owner to %I', reader, owner_);
    return reader;
end $$;
create procedure redshift_internal.define_late_view(
    words text, name_ text, owner_ name, columns_ text, query text
)
language plpgsql as $$
declare
    definition text;
begin
    -- Types without a length: the tables may be swapped for others.
    execute 'create temp view redshift_late_view' || columns_ || ' as ' || query;
    select string_agg(format('%I %s', attname, format_type(atttypid, null)), ', ' order by attnum)
    into definition
    from pg_attribute where attrelid = 'pg_temp.redshift_late_view'::regclass;
    drop view pg_temp.redshift_late_view;
    if definition is null then
        raise undefined_column using message = 'the view has no columns yet';
    end if;
    execute format(
        'create %s %s as select * from %s(%L) as late (%s)',
        words, name_, redshift_internal.make_late_reader(owner_), query, definition
    );
end $$;

-- What a view reads need not exist yet. Such a view has no columns, and fails when it
-- is read, until a table or view is made that lets it be defined.
create table pg_catalog.redshift_late_views (
    relid oid primary key, columns_ text not null, query text not null
);
grant select, insert on pg_catalog.redshift_late_views to public;
create procedure redshift_internal.create_late_view(
    words text, name_ text, columns_ text, query text
)
language plpgsql as $$
begin
    call redshift_internal.define_late_view(words, name_, current_user, columns_, query);
exception when undefined_table or undefined_column then
    execute format(
        'create %s %s as select from %s(%L) as late (nothing int)',
        words, name_, redshift_internal.make_late_reader(current_user), query
    );
    insert into pg_catalog.redshift_late_views values (name_::regclass, columns_, query);
end $$;
create function redshift_internal.define_late_views()
returns event_trigger language plpgsql security definer as $$
declare
    late record;
    defined boolean;
begin
    -- Its own CREATE VIEW comes here, too.
    if current_setting('redshift_server.defining', true) = 'on' then
        return;
    end if;
    perform set_config('redshift_server.defining', 'on', true);
    -- One may read another, so go on while there is any progress.
    loop
        defined := false;
        for late in
            select v.*, c.oid::regclass::text as name_, pg_get_userbyid(c.relowner) as owner_
            from pg_catalog.redshift_late_views v
            join pg_class c on c.oid = v.relid
        loop
            begin
                call redshift_internal.define_late_view(
                    'or replace view', late.name_, late.owner_, late.columns_, late.query
                );
                delete from pg_catalog.redshift_late_views where relid = late.relid;
                defined := true;
            exception when others then
                -- It fails when it is read, not when a table is made.
                null;
            end;
        end loop;
        exit when not defined;
    end loop;
    perform set_config('redshift_server.defining', 'off', true);
end $$;
create event trigger define_late_views on ddl_command_end
when tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE VIEW', 'ALTER TABLE')
execute function redshift_internal.define_late_views();

create procedure redshift_internal.append(target regclass, origin regclass)
language plpgsql as $$
begin
    if (
        select array_agg((attname, format_type(atttypid, atttypmod))::text order by attnum)
        from pg_attribute where attrelid = target and attnum > 0 and not attisdropped
    ) is distinct from (
        select array_agg((attname, format_type(atttypid, atttypmod))::text order by attnum)
        from pg_attribute where attrelid = origin and attnum > 0 and not attisdropped
    ) then
        raise exception using
            errcode = '42804',
            message = 'target and source tables do not have the same columns';
    end if;
    execute format('insert into %s select * from %s', target, origin);
    execute format('truncate table %s', origin);
end $$;

-- A setting of Redshift's that is on or off, and off unless it was set.
create function redshift_internal.flag(name text)
returns boolean language sql stable as $$
    select coalesce(nullif(current_setting('redshift.' || name, true), ''), 'off')::boolean
$$;
create function redshift_internal.one_match(matches bigint)
returns boolean language plpgsql immutable as $$
begin
    if matches > 1 then
        raise exception using
            errcode = 'XX000',
            message = 'Found multiple matches to update the same tuple.';
    end if;
    return true;
end $$;

grant execute on all routines in schema redshift_internal to public;
