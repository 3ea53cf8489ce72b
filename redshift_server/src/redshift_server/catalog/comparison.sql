-- Trailing blanks do not count when Redshift compares VARCHAR. PostgreSQL's CHAR
-- compares like that, over the same storage, so its functions take the place of
-- text's behind the operators and in the operator classes.
set allow_system_table_mods = on;
set check_function_bodies = off;

update pg_operator
set oprcode = (
    case oprname
        when '=' then 'bpchareq'
        when '<>' then 'bpcharne'
        when '<' then 'bpcharlt'
        when '<=' then 'bpcharle'
        when '>' then 'bpchargt'
        else 'bpcharge'
    end
)::regproc
where
    oprleft = 'text'::regtype
    and oprright = 'text'::regtype
    and oprname in ('=', '<>', '<', '<=', '>', '>=');

update pg_amproc
set amproc = (
    case amproc::text
        when 'bttextcmp' then 'bpcharcmp'
        when 'bttextsortsupport' then 'bpchar_sortsupport'
        when 'hashtext' then 'hashbpchar'
        else 'hashbpcharextended'
    end
)::regproc
where
    amproclefttype = 'text'::regtype
    and amprocrighttype = 'text'::regtype
    and amproc::text in (
        'bttextcmp', 'bttextsortsupport', 'hashtext', 'hashtextextended'
    );

-- VARCHAR(n) and CHAR(n) count bytes. These replace the functions by which
-- PostgreSQL fits a value to its declared length.
create schema redshift_internal;
grant usage on schema redshift_internal to public;

create function redshift_internal.refuse(sqlstate_ text, message text)
returns text language plpgsql immutable as $$
begin
    raise exception using errcode = sqlstate_, message = message;
end $$;

-- Cutting in the middle of a character would leave half of it.
create function redshift_internal.cut(value text, bytes int)
returns text language plpgsql immutable strict as $$
declare
    result text := left(value, bytes);
begin
    while octet_length(result) > bytes loop
        result := left(result, -1);
    end loop;
    return result;
end $$;

create function redshift_internal.fit_varchar(value varchar, typmod int, explicit boolean)
returns varchar language sql immutable strict as $$
    select case
        when octet_length(value) <= typmod - 4 then value
        when explicit then redshift_internal.cut(value, typmod - 4)::varchar
        when octet_length(rtrim(value, ' ')) <= typmod - 4
            then redshift_internal.cut(value, typmod - 4)::varchar
        else redshift_internal.refuse(
            '22001',
            'value too long for type character varying(' || typmod - 4 || ')'
        )::varchar
    end
$$;

create function redshift_internal.fit_char(value bpchar, typmod int, explicit boolean)
returns bpchar language sql immutable strict as $$
    select case
        when octet_length(value) <> length(value || '|') - 1
            and octet_length(rtrim(value::text)) <> length(rtrim(value::text))
            then redshift_internal.refuse(
                '22P05',
                'CHAR string contains invalid ASCII character'
            )::bpchar
        else redshift_internal.postgres_bpchar(value, typmod, explicit)
    end
$$;

-- PostgreSQL's own function, under a name that can be called.
create function redshift_internal.postgres_bpchar(bpchar, int, boolean)
returns bpchar language internal immutable strict as 'bpchar';

update pg_cast
set castfunc =
    'redshift_internal.fit_varchar(varchar, int, boolean)'::regprocedure
where castsource = 'varchar'::regtype and casttarget = 'varchar'::regtype;

update pg_cast
set castfunc = 'redshift_internal.fit_char(bpchar, int, boolean)'::regprocedure
where castsource = 'bpchar'::regtype and casttarget = 'bpchar'::regtype;

-- NaN equals nothing, itself included, and compares with nothing. PostgreSQL takes
-- it for equal to itself and greater than all; its functions then only see numbers.
-- Two constants are compared by PostgreSQL's rule: rewrite.py calls its function.
do $do$
declare
    operator_ record;
begin
    for operator_ in
        select oid, oprname, oprcode, oprleft::regtype as a, oprright::regtype as b
        from pg_operator
        where
            oprleft in ('float4'::regtype, 'float8'::regtype)
            and oprright in ('float4'::regtype, 'float8'::regtype)
            and oprname in ('=', '<>', '<', '<=', '>', '>=')
    loop
        execute format(
            'create function redshift_internal.%1$I(a %2$s, b %3$s) returns boolean '
            'language plpgsql immutable strict as $$ begin '
            'if float8eq(a, ''NaN'') or float8eq(b, ''NaN'') then return %4$L; end if; '
            'return %1$I(a, b); end $$',
            operator_.oprcode, operator_.a, operator_.b, operator_.oprname = '<>'
        );
        update pg_operator
        set
            oprcode = format(
                'redshift_internal.%I(%s, %s)', operator_.oprcode, operator_.a, operator_.b
            )::regprocedure,
            -- else `x = x` becomes `x is not null`
            oprcanmerge = false
        where oid = operator_.oid;
    end loop;
end $do$;
