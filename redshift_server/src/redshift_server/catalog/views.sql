-- System tables and views of Redshift. What COPY did is read from files beside the
-- data, not from tables: it must be seen inside the transaction that ran the COPY,
-- and must survive that transaction's rollback.
set allow_system_table_mods = on;
set check_function_bodies = off;

create table pg_catalog.redshift_attributes (
    relid oid primary key,
    diststyle text not null,
    distkey text not null,
    sortkey jsonb not null,
    sortstyle text not null,
    encodings jsonb not null,
    backup boolean not null,
    keys jsonb not null
);
grant select, insert, update, delete on pg_catalog.redshift_attributes to public;

create table pg_catalog.redshift_long_names (short text primary key, long text not null);
grant select, insert on pg_catalog.redshift_long_names to public;
create function redshift_internal.long_name(name text)
returns varchar language sql stable as $$
    select coalesce((select long from pg_catalog.redshift_long_names where short = name), name)
$$;

create function redshift_internal.read_file(name text)
returns text language sql volatile security definer as $$
    select pg_read_file('redshift_server/' || name, 0, 1000000000, true)
$$;
create function redshift_internal.sees(owner text)
returns boolean language sql stable as $$
    select owner = current_user
        or (select rolsuper from pg_roles where rolname = current_user)
$$;
-- The entries that the user may see. The estimate keeps joins of views from loops.
create function redshift_internal.read_log(name text)
returns setof jsonb language sql volatile rows 100000 as $$
    with entries as materialized (
        select line::jsonb as entry
        from string_to_table(redshift_internal.read_file(name || '.jsonl'), e'\n') line
        where line <> ''
    ),
    users as (select distinct entry ->> 'user' as name from entries),
    seen as (select users.name from users where redshift_internal.sees(users.name))
    select entry from entries where entry ->> 'user' in (select seen.name from seen)
$$;
create function redshift_internal.padded(value text, size int)
returns bpchar language sql immutable as $$ select rpad(value, size)::bpchar $$;
create function redshift_internal.user_id(name text)
returns int language sql stable as $$
    select oid::int from pg_roles where rolname = name
$$;

create function redshift_internal.session(key text)
returns bigint language sql volatile as $$
    select (
        redshift_internal.read_file('session-' || pg_backend_pid())::jsonb ->> key
    )::bigint
$$;
create function pg_catalog.pg_last_copy_count()
returns bigint language sql volatile as $$
    select coalesce(redshift_internal.session('copy_count'), 0)
$$;
create function pg_catalog.pg_last_copy_id()
returns int language sql volatile as $$
    select coalesce(redshift_internal.session('copy_id'), -1)::int
$$;
create function pg_catalog.pg_last_query_id()
returns int language sql volatile as $$
    select coalesce(redshift_internal.session('query_id'), -1)::int
$$;

-- loads --------------------------------------------------------------------

create view pg_catalog.sys_load_history as
select
    redshift_internal.user_id(e ->> 'user') as user_id,
    (e ->> 'query')::bigint as query_id,
    (e ->> 'transaction')::bigint as transaction_id,
    (e ->> 'session')::int as session_id,
    (e ->> 'database')::varchar as database_name,
    (e ->> 'status')::varchar as status,
    (e ->> 'table')::varchar as table_name,
    (e ->> 'source')::varchar as data_source,
    (e ->> 'start')::timestamp as start_time,
    (e ->> 'end')::timestamp as end_time,
    (e ->> 'duration')::bigint as duration,
    (e ->> 'rows')::bigint as loaded_rows,
    (e ->> 'bytes')::bigint as loaded_bytes,
    (e ->> 'files')::int as source_file_count,
    (e ->> 'bytes')::bigint as source_file_bytes,
    (e ->> 'scanned')::int as file_count_scanned,
    (e ->> 'bytes')::bigint as file_bytes_scanned,
    (e ->> 'errors')::bigint as error_count,
    null::bigint as copy_job_id,
    (e ->> 'message')::varchar as error_message
from redshift_internal.read_log('loads') e;

create view pg_catalog.sys_load_detail as
select
    redshift_internal.user_id(e ->> 'user') as user_id,
    (e ->> 'query')::bigint as query_id,
    redshift_internal.padded(e ->> 'file', 256) as file_name,
    (e ->> 'bytes')::bigint as bytes_scanned,
    (e ->> 'lines')::bigint as lines_scanned,
    1 as splits_scanned,
    (e ->> 'time')::timestamp as record_time,
    (e ->> 'start')::timestamp as start_time,
    (e ->> 'time')::timestamp as end_time,
    (e ->> 'etag')::varchar as file_etag,
    (e ->> 'modified')::timestamp as file_last_modified,
    null::bigint as copy_job_id
from redshift_internal.read_log('files') e;

create view pg_catalog.stl_load_commits as
select
    redshift_internal.user_id(e ->> 'user') as userid,
    (e ->> 'query')::int as query,
    0 as slice,
    redshift_internal.padded(e ->> 'table', 256) as name,
    redshift_internal.padded(e ->> 'file', 256) as filename,
    0 as byte_offset,
    (e ->> 'lines')::int as lines_scanned,
    (e ->> 'errors')::int as errors,
    (e ->> 'time')::timestamp as curtime,
    1 as status,
    redshift_internal.padded(e ->> 'format', 16) as file_format
from redshift_internal.read_log('files') e;

create view pg_catalog.sys_load_error_detail as
select
    redshift_internal.user_id(e ->> 'user') as user_id,
    (e ->> 'query')::bigint as query_id,
    (e ->> 'transaction')::bigint as transaction_id,
    (e ->> 'session')::int as session_id,
    redshift_internal.padded(e ->> 'database', 64) as database_name,
    (e ->> 'table_id')::int as table_id,
    (e ->> 'time')::timestamp as start_time,
    redshift_internal.padded(e ->> 'file', 256) as file_name,
    (e ->> 'line')::bigint as line_number,
    redshift_internal.padded(e ->> 'column', 127) as column_name,
    redshift_internal.padded(e ->> 'type', 10) as column_type,
    redshift_internal.padded(e ->> 'length', 10) as column_length,
    (e ->> 'position')::int as position,
    (e ->> 'code')::int as error_code,
    redshift_internal.padded(e ->> 'message', 512) as error_message
from redshift_internal.read_log('errors') e;

create view pg_catalog.stl_load_errors as
select
    redshift_internal.user_id(e ->> 'user') as userid,
    0 as slice,
    (e ->> 'table_id')::int as tbl,
    (e ->> 'time')::timestamp as starttime,
    (e ->> 'session')::int as session,
    (e ->> 'query')::int as query,
    redshift_internal.padded(e ->> 'file', 256) as filename,
    (e ->> 'line')::bigint as line_number,
    redshift_internal.padded(e ->> 'column', 127) as colname,
    redshift_internal.padded(e ->> 'type', 10) as type,
    redshift_internal.padded(e ->> 'length', 10) as col_length,
    (e ->> 'position')::int as position,
    redshift_internal.padded(e ->> 'raw_line', 1024) as raw_line,
    redshift_internal.padded(e ->> 'raw_value', 1024) as raw_field_value,
    (e ->> 'code')::int as err_code,
    redshift_internal.padded(e ->> 'message', 100) as err_reason
from redshift_internal.read_log('errors') e;

create view pg_catalog.stl_loaderror_detail as
select
    redshift_internal.user_id(e ->> 'user') as userid,
    0 as slice,
    (e ->> 'session')::int as session,
    (e ->> 'query')::int as query,
    redshift_internal.padded(e ->> 'file', 256) as filename,
    (e ->> 'line')::bigint as line_number,
    0 as field,
    redshift_internal.padded(e ->> 'column', 1024) as colname,
    redshift_internal.padded(e ->> 'raw_value', 1024) as value,
    case when e ->> 'raw_value' is null then 1 else 0 end as is_null,
    redshift_internal.padded(e ->> 'type', 10) as type,
    redshift_internal.padded(e ->> 'length', 10) as col_length
from redshift_internal.read_log('errors') e;

-- tables -------------------------------------------------------------------

create function redshift_internal.count_rows(table_ regclass)
returns bigint language plpgsql stable as $$
declare
    result bigint;
begin
    execute format('select count(*) from %s', table_) into result;
    return result;
end $$;

create view pg_catalog.svv_table_info as
select *
from (
    select
        current_database()::varchar as database,
        redshift_internal.long_name(n.nspname) as schema,
        c.oid::int as table_id,
        redshift_internal.long_name(c.relname) as "table",
        case when a.encodings = '{}'::jsonb or a.encodings is null then 'Y, AUTO(ENCODE)'
            else 'Y' end::varchar as encoded,
        case a.diststyle
            when 'KEY' then 'KEY(' || redshift_internal.long_name(a.distkey) || ')'
            when 'AUTO' then 'AUTO(ALL)'
            else a.diststyle
        end::varchar as diststyle,
        case
            when a.sortstyle = 'auto' then 'AUTO(SORTKEY)'
            when a.sortstyle = 'interleaved' then 'INTERLEAVED'
            else redshift_internal.long_name(a.sortkey ->> 0)
        end::varchar as sortkey1,
        coalesce((
            select max(atttypmod - 4) from pg_attribute
            where attrelid = c.oid and atttypid = 'varchar'::regtype and attnum > 0
        ), 0) as max_varchar,
        coalesce(jsonb_array_length(a.sortkey), 0) as sortkey_num,
        (pg_relation_size(c.oid) / 1048576 + 1)::bigint as size,
        redshift_internal.count_rows(c.oid)::numeric(38, 0) as tbl_rows,
        0::numeric(5, 2) as unsorted,
        0::numeric(5, 2) as stats_off
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.redshift_attributes a on a.relid = c.oid
    where
        c.relkind = 'r'
        and n.nspname not in ('pg_catalog', 'information_schema', 'redshift_internal')
        and has_table_privilege(c.oid, 'select')
) found
where tbl_rows > 0;

create view pg_catalog.pg_table_def as
select
    redshift_internal.long_name(n.nspname) as schemaname,
    redshift_internal.long_name(c.relname) as tablename,
    redshift_internal.long_name(f.attname) as "column",
    format_type(f.atttypid, f.atttypmod)::varchar as type,
    coalesce(a.encodings ->> f.attname, 'none')::varchar as encoding,
    coalesce(a.distkey = f.attname, false) as distkey,
    coalesce((
        select k.position_::int
        from jsonb_array_elements_text(a.sortkey) with ordinality k (name, position_)
        where k.name = f.attname
    ), 0) as sortkey,
    f.attnotnull as notnull
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute f on f.attrelid = c.oid and f.attnum > 0 and not f.attisdropped
left join pg_catalog.redshift_attributes a on a.relid = c.oid
where
    c.relkind = 'r'
    and n.nspname = any (current_schemas(false));

-- Informational keys, and how many values break each: a cluster does not look, and its
-- planner trusts them.
create function redshift_internal.count_broken(table_ regclass, key jsonb)
returns bigint language plpgsql as $$
declare
    columns_ text := (
        select string_agg(quote_ident(c), ', ') from jsonb_array_elements_text(key -> 'columns') c
    );
    other regclass := to_regclass(nullif(key ->> 'references', ''));
    referenced text := (
        select string_agg(quote_ident(c), ', ')
        from jsonb_array_elements_text(coalesce(
            nullif(key -> 'referenced', '[]'),
            (
                select k -> 'columns'
                from pg_catalog.redshift_attributes, jsonb_array_elements(keys) k
                where relid = other and k ->> 'kind' = 'PRIMARY KEY'
            )
        )) c
    );
    result bigint;
begin
    if key ->> 'kind' = 'FOREIGN KEY' then
        execute format(
            'select count(*) from (select distinct %1$s from %2$s '
            'where not (%1$s) is null except select %3$s from %4$s) broken',
            columns_, table_, referenced, other
        ) into result;
    else
        -- A primary key has no NULL; a unique one may have many.
        execute format(
            'select count(*) from (select from %2$s where %3$L or num_nulls(%1$s) = 0 '
            'group by %1$s having count(*) > 1 or num_nulls(%1$s) > 0) broken',
            columns_, table_, key ->> 'kind' = 'PRIMARY KEY'
        ) into result;
    end if;
    return result;
end $$;
create view pg_catalog.redshift_server_keys as
select
    redshift_internal.long_name(n.nspname) as schema,
    redshift_internal.long_name(c.relname) as "table",
    (k.key ->> 'kind')::varchar as kind,
    (
        select string_agg(redshift_internal.long_name(name), ', ') from jsonb_array_elements_text(k.key -> 'columns') name
    )::varchar as columns,
    redshift_internal.count_broken(c.oid, k.key) as broken
from pg_catalog.redshift_attributes a
join pg_class c on c.oid = a.relid
join pg_namespace n on n.oid = c.relnamespace
cross join jsonb_array_elements(a.keys) k (key);

create view pg_catalog.svv_tables as
select
    table_catalog::varchar,
    redshift_internal.long_name(table_schema) as table_schema,
    redshift_internal.long_name(table_name) as table_name,
    table_type::varchar, null::varchar as remarks
from information_schema.tables;

create view pg_catalog.svv_columns as
select
    table_catalog::varchar,
    redshift_internal.long_name(table_schema) as table_schema,
    redshift_internal.long_name(table_name) as table_name,
    redshift_internal.long_name(column_name) as column_name, ordinal_position::int, column_default::varchar,
    is_nullable::varchar, data_type::varchar, character_maximum_length::int,
    numeric_precision::int, numeric_scale::int, datetime_precision::int
from information_schema.columns;

create table pg_catalog.redshift_materialized_views (
    relid oid primary key,
    incremental boolean not null,
    autorefresh boolean not null
);
grant select, insert on pg_catalog.redshift_materialized_views to public;
create function redshift_internal.record_materialized_view(
    view_ regclass, incremental boolean, autorefresh boolean
)
returns void language plpgsql as $$
begin
    if exists (
        select from pg_depend d
        join pg_rewrite r on r.oid = d.objid and r.ev_class = view_
        join pg_class c on c.oid = d.refobjid and c.relkind = 'v'
        where d.refclassid = 'pg_class'::regclass
    ) then
        raise exception using
            errcode = '0A000',
            message = 'a standard view in a materialized view is not supported';
    end if;
    insert into pg_catalog.redshift_materialized_views values (view_, incremental, autorefresh);
    if not incremental then
        raise notice 'The materialized view % will be fully recomputed at every refresh', view_;
    end if;
end $$;

-- Stale is what differs from its query. Redshift calls it stale as soon as a base
-- table has changed, even if the result has not.
create function redshift_internal.is_stale(view_ regclass)
returns boolean language plpgsql stable as $$
declare
    query text := rtrim(pg_get_viewdef(view_), ';');
    result boolean;
begin
    execute format(
        'select exists (%1$s except all select * from %2$s) '
        'or exists (select * from %2$s except all (%1$s))', query, view_
    ) into result;
    return result;
end $$;
create view pg_catalog.stv_mv_info as
select
    redshift_internal.padded(current_database(), 128) as db_name,
    redshift_internal.padded(n.nspname, 128) as schema,
    redshift_internal.padded(redshift_internal.long_name(c.relname), 128) as name,
    0::bigint as updated_upto_xid,
    redshift_internal.padded(
        case when redshift_internal.is_stale(c.oid) then 't' else 'f' end, 1
    ) as is_stale,
    redshift_internal.padded(pg_get_userbyid(c.relowner), 128) as owner_user_name,
    v.incremental::int as state,
    redshift_internal.padded(v.autorefresh::int::text, 1) as autorefresh,
    redshift_internal.padded('0', 1) as autorewrite
from pg_catalog.redshift_materialized_views v
join pg_class c on c.oid = v.relid
join pg_namespace n on n.oid = c.relnamespace
where redshift_internal.sees(pg_get_userbyid(c.relowner));

-- databases, transactions ----------------------------------------------------

create function redshift_internal.isolation()
returns text language sql stable as $$
    select case current_setting('default_transaction_isolation')
        when 'serializable' then 'Serializable' else 'Snapshot Isolation' end
$$;
create view pg_catalog.svv_redshift_databases as
select
    datname::varchar as database_name,
    datdba::int as database_owner,
    'local'::varchar as database_type,
    null::varchar as database_acl,
    null::varchar as database_options,
    redshift_internal.isolation()::varchar as database_isolation_level
from pg_database
where datname not in ('template0', 'template1', 'postgres');

create view pg_catalog.stv_db_isolation_level as
select
    redshift_internal.padded(database_name, 128) as db_name,
    redshift_internal.padded(database_isolation_level, 20) as isolation_level
from pg_catalog.svv_redshift_databases;

create view pg_catalog.svv_transactions as
select
    s.usename::varchar as txn_owner,
    s.datname::varchar as txn_db,
    coalesce(s.backend_xid::text, '0')::bigint as xid,
    l.pid,
    s.xact_start::timestamp as txn_start,
    l.mode::varchar as lock_mode,
    l.locktype::varchar as lockable_object_type,
    l.relation::int as relation,
    l.granted
from pg_locks l
join pg_stat_activity s on s.pid = l.pid
where l.pid <> pg_backend_pid() and s.usename <> 'rdsdb';

do $do$
declare
    view_ regclass;
begin
    for view_ in
        select oid from pg_class
        where relkind = 'v' and oid >= 16384 and relnamespace = 'pg_catalog'::regnamespace
    loop
        execute format('grant select on %s to public', view_);
    end loop;
end $do$;
