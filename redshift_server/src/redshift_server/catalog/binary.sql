-- VARBYTE: PostgreSQL's bytea with a length. Drivers know it by its number, and see
-- hexadecimal digits without PostgreSQL's \x (messages.py).
set allow_system_table_mods = on;
set check_function_bodies = off;

create type pg_catalog.varbyte;
update pg_type set oid = 6551 where typname = 'varbyte';
create function redshift_internal.varbyte_in(cstring)
returns varbyte language internal immutable strict as 'byteain';
create function redshift_internal.varbyte_out(varbyte)
returns cstring language internal immutable strict as 'byteaout';
create type pg_catalog.varbyte (
    input = redshift_internal.varbyte_in,
    output = redshift_internal.varbyte_out,
    typmod_in = bittypmodin,
    typmod_out = bittypmodout,
    like = bytea
);

create cast (varbyte as bytea) without function as implicit;
create cast (bytea as varbyte) without function as assignment;
-- Text is its UTF-8; CHAR keeps its blanks.
create cast (text as varbyte) without function as assignment;
create cast (varchar as varbyte) without function as assignment;
create cast (bpchar as varbyte) without function as assignment;

create function redshift_internal.fit_varbyte(value varbyte, typmod int, explicit boolean)
returns varbyte language sql immutable strict as $$
    select case
        when octet_length(value::bytea) <= typmod then value
        when explicit then substring(value::bytea from 1 for typmod)::varbyte
        else redshift_internal.refuse(
            '22001', 'value too long for type binary varying(' || typmod || ')'
        )::varbyte
    end
$$;
create cast (varbyte as varbyte)
with function redshift_internal.fit_varbyte(varbyte, int, boolean) as implicit;

create function redshift_internal.varbyte_text(value varbyte)
returns text language sql immutable strict as $$ select convert_from(value::bytea, 'UTF8') $$;
create cast (varbyte as text) with function redshift_internal.varbyte_text(varbyte);
create function redshift_internal.varbyte_varchar(value varbyte)
returns varchar language sql immutable strict as $$ select convert_from(value::bytea, 'UTF8') $$;
create cast (varbyte as varchar)
with function redshift_internal.varbyte_varchar(varbyte) as assignment;

create function redshift_internal.varbyte_of(value smallint)
returns varbyte language sql immutable strict as $$ select int2send(value)::varbyte $$;
create function redshift_internal.varbyte_of(value int)
returns varbyte language sql immutable strict as $$ select int4send(value)::varbyte $$;
create function redshift_internal.varbyte_of(value bigint)
returns varbyte language sql immutable strict as $$ select int8send(value)::varbyte $$;
create cast (smallint as varbyte) with function redshift_internal.varbyte_of(smallint);
create cast (int as varbyte) with function redshift_internal.varbyte_of(int);
create cast (bigint as varbyte) with function redshift_internal.varbyte_of(bigint);

create function redshift_internal.binary_format(name text)
returns text language sql immutable strict as $$
    select case
        when lower(name) in ('hex', 'binary', 'base64') then lower(name)
        when lower(name) in ('utf8', 'utf-8') then 'utf8'
        else redshift_internal.refuse('22023', 'unknown format: ' || name)
    end
$$;
create function redshift_internal.bits_to_bytes(bits text)
returns bytea language sql immutable strict as $$
    select coalesce(
        string_agg(set_byte('\x00', 0, substring(padded from n for 8)::bit(8)::int), '' order by n),
        ''
    )
    from (select repeat('0', -length(bits) & 7) || bits as padded) whole,
        generate_series(1, length(padded), 8) n
$$;
create function redshift_internal.bytes_to_bits(value bytea)
returns text language sql immutable strict as $$
    select coalesce(string_agg(get_byte(value, n)::bit(8)::text, '' order by n), '')
    from generate_series(0, octet_length(value) - 1) n
$$;

-- PostgreSQL's own functions and operators return bytea, so these take it.
create function pg_catalog.to_varbyte(value text, format text)
returns varbyte language sql immutable strict as $$
    select case redshift_internal.binary_format(format)
        when 'hex' then decode(repeat('0', length(value) & 1) || value, 'hex')
        when 'base64' then decode(value, 'base64')
        when 'binary' then redshift_internal.bits_to_bytes(value)
        else convert_to(value, 'UTF8')
    end::varbyte
$$;
create function pg_catalog.from_varbyte(value bytea, format text)
returns varchar language sql immutable strict as $$
    select case redshift_internal.binary_format(format)
        when 'hex' then encode(value, 'hex')
        when 'base64' then encode(value, 'base64')
        when 'binary' then redshift_internal.bytes_to_bits(value)
        else convert_from(value, 'UTF8')
    end
$$;
create function pg_catalog.from_hex(value text)
returns varbyte language sql immutable strict as $$ select to_varbyte(value, 'hex') $$;
create function pg_catalog.to_hex(value bytea)
returns varchar language sql immutable strict as $$ select encode(value, 'hex') $$;
create function pg_catalog.len(value bytea)
returns int language sql immutable strict as $$ select octet_length(value) $$;
create function redshift_internal.to_text(value varbyte)
returns bytea language sql immutable strict as $$ select value::bytea $$;
create function redshift_internal.to_text(value bytea)
returns bytea language sql immutable strict as $$ select value $$;
