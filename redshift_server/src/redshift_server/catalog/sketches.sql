-- HLLSKETCH: in place of HyperLogLog's registers the hashes of all values, so that what
-- a cluster estimates is exact. Drivers see VARCHAR (messages.py).
set allow_system_table_mods = on;
set check_function_bodies = off;

create type pg_catalog.hllsketch;
update pg_type set oid = 2935 where typname = 'hllsketch';
create function redshift_internal.hllsketch_in(cstring)
returns hllsketch language internal immutable strict as 'jsonb_in';
create function redshift_internal.hllsketch_out(hllsketch)
returns cstring language internal immutable strict as 'jsonb_out';
create type pg_catalog.hllsketch (
    input = redshift_internal.hllsketch_in,
    output = redshift_internal.hllsketch_out,
    like = jsonb
);
create cast (hllsketch as jsonb) without function;
create cast (jsonb as hllsketch) without function;

create function redshift_internal.sketch(hashes text[])
returns hllsketch language sql immutable as $$
    select jsonb_build_object(
        'version', 1, 'logm', 15, 'exact', coalesce(jsonb_object_agg(hash, 1), '{}')
    )::hllsketch
    from unnest(hashes) hash
    where hash is not null
$$;
create function redshift_internal.sketched(value hllsketch)
returns jsonb language sql immutable strict as $$
    select coalesce(
        value::jsonb -> 'exact',
        redshift_internal.refuse(
            '0A000',
            'a sketch made elsewhere is not emulated by this test server: ' || value::text
        )::jsonb
    )
$$;
create function pg_catalog.hll_cardinality(value hllsketch)
returns bigint language sql immutable strict as $$
    select count(*) from jsonb_object_keys(redshift_internal.sketched(value))
$$;
create function pg_catalog.hll_combine_sketches(a hllsketch, b hllsketch)
returns hllsketch language sql immutable strict as $$
    select jsonb_set(
        a::jsonb, '{exact}', redshift_internal.sketched(a) || redshift_internal.sketched(b)
    )::hllsketch
$$;
create aggregate pg_catalog.hll_combine (hllsketch) (
    sfunc = hll_combine_sketches, stype = hllsketch
);
