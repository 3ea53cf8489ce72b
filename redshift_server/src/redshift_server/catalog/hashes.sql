-- Hash functions of Redshift, in arithmetic modulo 2^64 where PostgreSQL has none.
set allow_system_table_mods = on;
set check_function_bodies = off;

create function redshift_internal.mul64(a bigint, b bigint)
returns bigint language sql immutable strict as $$
    select case when p >= 9223372036854775808 then p - 18446744073709551616 else p end::bigint
    from (
        select mod(mod(a::numeric * b, 18446744073709551616) + 18446744073709551616,
            18446744073709551616) as p
    ) product
$$;
create function redshift_internal.add64(variadic terms bigint [])
returns bigint language sql immutable strict as $$
    select case when s >= 9223372036854775808 then s - 18446744073709551616 else s end::bigint
    from (
        select mod(mod(sum(t), 18446744073709551616) + 18446744073709551616,
            18446744073709551616) as s
        from unnest(terms) t
    ) total
$$;
create function redshift_internal.shift_right(v bigint, n int)
returns bigint language sql immutable strict as $$
    select (v >> n) & ((1::bigint << (64 - n)) - 1)
$$;
create function redshift_internal.rotate(v bigint, n int)
returns bigint language sql immutable strict as $$
    select redshift_internal.shift_right(v, n) | (v << (64 - n))
$$;

-- An integer is hashed by its bytes, the lowest first.
create function redshift_internal.little_endian(big bytea)
returns bytea language sql immutable strict as $$
    select string_agg(substr(big, i, 1), ''::bytea order by i desc)
    from generate_series(1, length(big)) i
$$;
-- Eight or four bytes, the lowest first, as a number.
create function redshift_internal.fetch(bytes bytea, at_ int, size int default 8)
returns bigint language sql immutable strict as $$
    select (
        'x' || lpad(
            encode(redshift_internal.little_endian(substr(bytes, at_ + 1, size)), 'hex'),
            16, '0'
        )
    )::bit(64)::bigint
$$;

create function pg_catalog.sha2(value text, bits int)
returns text language sql immutable strict as $$
    select encode(
        case bits
            when 0 then sha256(convert_to(value, 'UTF8'))
            when 224 then sha224(convert_to(value, 'UTF8'))
            when 256 then sha256(convert_to(value, 'UTF8'))
            when 384 then sha384(convert_to(value, 'UTF8'))
            when 512 then sha512(convert_to(value, 'UTF8'))
        end,
        'hex'
    )
$$;

-- FNV-1a, 64 bits.
create function redshift_internal.fnv(bytes bytea, seed bigint)
returns bigint language plpgsql immutable strict as $$
declare
    hash bigint := seed;
begin
    for i in 0..length(bytes) - 1 loop
        hash := redshift_internal.mul64(hash # get_byte(bytes, i), 1099511628211);
    end loop;
    return hash;
end $$;
create function pg_catalog.fnv_hash(value text, seed bigint default -3750763034362895579)
returns bigint language sql immutable strict as $$
    select redshift_internal.fnv(convert_to(value, 'UTF8'), seed)
$$;
create function pg_catalog.fnv_hash(value int, seed bigint default -3750763034362895579)
returns bigint language sql immutable strict as $$
    select redshift_internal.fnv(redshift_internal.little_endian(int4send(value)), seed)
$$;
create function pg_catalog.fnv_hash(value bigint, seed bigint default -3750763034362895579)
returns bigint language sql immutable strict as $$
    select redshift_internal.fnv(redshift_internal.little_endian(int8send(value)), seed)
$$;

create function pg_catalog.crc32(value text)
returns text language plpgsql immutable strict as $$
declare
    bytes bytea := convert_to(value, 'UTF8');
    crc bigint := 4294967295;
begin
    for i in 0..length(bytes) - 1 loop
        crc := crc # get_byte(bytes, i);
        for bit in 1..8 loop
            crc := case when crc & 1 = 1 then (crc >> 1) # 3988292384 else crc >> 1 end;
        end loop;
    end loop;
    return to_hex(crc # 4294967295);
end $$;

-- FarmHash's Fingerprint64. The constants are its k0, k1 and k2.
create function redshift_internal.shift_mix(v bigint)
returns bigint language sql immutable strict as $$
    select v # redshift_internal.shift_right(v, 47)
$$;
create function redshift_internal.farm_16(u bigint, v bigint, factor bigint)
returns bigint language sql immutable strict as $$
    select redshift_internal.mul64(
        redshift_internal.shift_mix(redshift_internal.mul64(
            v # redshift_internal.shift_mix(redshift_internal.mul64(u # v, factor)), factor
        )),
        factor
    )
$$;
create function redshift_internal.farm_pair(
    s bytea, at_ int, a bigint, b bigint, out p bigint, out q bigint
)
language plpgsql immutable strict as $$
declare
    w bigint := redshift_internal.fetch(s, at_);
    x bigint := redshift_internal.fetch(s, at_ + 8);
    y bigint := redshift_internal.fetch(s, at_ + 16);
    z bigint := redshift_internal.fetch(s, at_ + 24);
    c bigint;
begin
    c := redshift_internal.add64(a, w);
    q := redshift_internal.rotate(redshift_internal.add64(b, c, z), 21);
    p := redshift_internal.add64(c, x, y);
    q := redshift_internal.add64(q, redshift_internal.rotate(p, 44), c);
    p := redshift_internal.add64(p, z);
end $$;
create function redshift_internal.farm_short(s bytea)
returns bigint language plpgsql immutable strict as $$
declare
    k0 constant bigint := x'c3a5c85c97cb3127'::bigint;
    k2 constant bigint := x'9ae16a3b2f90404f'::bigint;
    n int := length(s);
    factor bigint := redshift_internal.add64(k2, n * 2);
    a bigint;
    b bigint;
begin
    if n >= 8 then
        a := redshift_internal.add64(redshift_internal.fetch(s, 0), k2);
        b := redshift_internal.fetch(s, n - 8);
        return redshift_internal.farm_16(
            redshift_internal.add64(
                redshift_internal.mul64(redshift_internal.rotate(b, 37), factor), a
            ),
            redshift_internal.mul64(
                redshift_internal.add64(redshift_internal.rotate(a, 25), b), factor
            ),
            factor
        );
    elsif n >= 4 then
        return redshift_internal.farm_16(
            n + (redshift_internal.fetch(s, 0, 4) << 3),
            redshift_internal.fetch(s, n - 4, 4),
            factor
        );
    elsif n = 0 then
        return k2;
    end if;
    a := get_byte(s, 0) + (get_byte(s, n / 2) << 8);
    b := n + (get_byte(s, n - 1) << 2);
    return redshift_internal.mul64(
        redshift_internal.shift_mix(
            redshift_internal.mul64(a, k2) # redshift_internal.mul64(b, k0)
        ),
        k2
    );
end $$;
create function redshift_internal.farm_medium(s bytea)
returns bigint language plpgsql immutable strict as $$
declare
    k1 constant bigint := x'b492b66fbe98f273'::bigint;
    k2 constant bigint := x'9ae16a3b2f90404f'::bigint;
    n int := length(s);
    factor bigint := redshift_internal.add64(k2, n * 2);
    a bigint := redshift_internal.mul64(
        redshift_internal.fetch(s, 0), case when n <= 32 then k1 else k2 end
    );
    b bigint := redshift_internal.fetch(s, 8);
    c bigint := redshift_internal.mul64(redshift_internal.fetch(s, n - 8), factor);
    d bigint := redshift_internal.mul64(redshift_internal.fetch(s, n - 16), k2);
    y bigint := redshift_internal.add64(
        redshift_internal.rotate(redshift_internal.add64(a, b), 43),
        redshift_internal.rotate(c, 30), d
    );
    z bigint := redshift_internal.farm_16(
        y,
        redshift_internal.add64(
            a, redshift_internal.rotate(redshift_internal.add64(b, k2), 18), c
        ),
        factor
    );
    e bigint;
    f bigint;
begin
    if n <= 32 then
        return z;
    end if;
    e := redshift_internal.mul64(redshift_internal.fetch(s, 16), factor);
    f := redshift_internal.fetch(s, 24);
    b := redshift_internal.mul64(
        redshift_internal.add64(y, redshift_internal.fetch(s, n - 32)), factor
    );
    c := redshift_internal.mul64(
        redshift_internal.add64(z, redshift_internal.fetch(s, n - 24)), factor
    );
    return redshift_internal.farm_16(
        redshift_internal.add64(
            redshift_internal.rotate(redshift_internal.add64(e, f), 43),
            redshift_internal.rotate(b, 30), c
        ),
        redshift_internal.add64(
            e, redshift_internal.rotate(redshift_internal.add64(f, a), 18), b
        ),
        factor
    );
end $$;
create function redshift_internal.farm_round(
    s bytea, at_ int, factor bigint, weight int, inout x bigint, inout y bigint,
    inout z bigint, inout v1 bigint, inout v2 bigint, inout w1 bigint, inout w2 bigint
)
language plpgsql immutable strict as $$
begin
    x := redshift_internal.mul64(redshift_internal.rotate(
        redshift_internal.add64(x, y, v1, redshift_internal.fetch(s, at_ + 8)), 37
    ), factor);
    y := redshift_internal.mul64(redshift_internal.rotate(
        redshift_internal.add64(y, v2, redshift_internal.fetch(s, at_ + 48)), 42
    ), factor);
    x := x # redshift_internal.mul64(w2, weight);
    y := redshift_internal.add64(
        y, redshift_internal.mul64(v1, weight), redshift_internal.fetch(s, at_ + 40)
    );
    z := redshift_internal.mul64(
        redshift_internal.rotate(redshift_internal.add64(z, w1), 33), factor
    );
    select p, q into v1, v2 from redshift_internal.farm_pair(
        s, at_, redshift_internal.mul64(v2, factor), redshift_internal.add64(x, w1)
    );
    select p, q into w1, w2 from redshift_internal.farm_pair(
        s, at_ + 32, redshift_internal.add64(z, w2),
        redshift_internal.add64(y, redshift_internal.fetch(s, at_ + 16))
    );
    select z, x into x, z;
end $$;
create function redshift_internal.farm_long(s bytea)
returns bigint language plpgsql immutable strict as $$
declare
    k0 constant bigint := x'c3a5c85c97cb3127'::bigint;
    k1 constant bigint := x'b492b66fbe98f273'::bigint;
    k2 constant bigint := x'9ae16a3b2f90404f'::bigint;
    rest int := (length(s) - 1) % 64;
    factor bigint;
    r record;
begin
    select
        redshift_internal.add64(
            redshift_internal.mul64(81, k2), redshift_internal.fetch(s, 0)
        ) as x,
        redshift_internal.add64(redshift_internal.mul64(81, k1), 113) as y,
        0::bigint as z, 0::bigint as v1, 0::bigint as v2, 0::bigint as w1, 0::bigint as w2
    into r;
    r.z := redshift_internal.mul64(redshift_internal.shift_mix(
        redshift_internal.add64(redshift_internal.mul64(r.y, k2), 113)
    ), k2);
    for block in 0..(length(s) - 1) / 64 - 1 loop
        r := redshift_internal.farm_round(
            s, block * 64, k1, 1, r.x, r.y, r.z, r.v1, r.v2, r.w1, r.w2
        );
    end loop;
    factor := redshift_internal.add64(k1, (r.z & 255) << 1);
    r.w1 := redshift_internal.add64(r.w1, rest);
    r.v1 := redshift_internal.add64(r.v1, r.w1);
    r.w1 := redshift_internal.add64(r.w1, r.v1);
    r := redshift_internal.farm_round(
        s, length(s) - 64, factor, 9, r.x, r.y, r.z, r.v1, r.v2, r.w1, r.w2
    );
    return redshift_internal.farm_16(
        redshift_internal.add64(
            redshift_internal.farm_16(r.v1, r.w1, factor),
            redshift_internal.mul64(redshift_internal.shift_mix(r.y), k0), r.z
        ),
        redshift_internal.add64(redshift_internal.farm_16(r.v2, r.w2, factor), r.x),
        factor
    );
end $$;
create function pg_catalog.farmfingerprint64(value text)
returns bigint language sql immutable strict as $$
    select case
        when length(s) <= 16 then redshift_internal.farm_short(s)
        when length(s) <= 64 then redshift_internal.farm_medium(s)
        else redshift_internal.farm_long(s)
    end
    from convert_to(value, 'UTF8') s
$$;
