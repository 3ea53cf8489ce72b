-- Why a record of a log file cannot be accepted; null for an accepted one.
-- grain: one row per record of the files being loaded
-- `incoming` has each value of a record as text, where the record was found (known to
-- the strict reader alone), and in bad_text what no engine could hold. An empty text is
-- no number, and so null, as in Redshift's COPY. To Redshift 'free ' equals 'free', so
-- texts are held against patterns, or their length is looked at too.
select
    artist,
    auth,
    first_name,
    gender,
    item_in_session,
    last_name,
    length,
    level,
    location,
    method,
    page,
    registration,
    session_id,
    song,
    status,
    ts,
    user_agent,
    user_id,
    uri,
    position,
    line,
    raw_record,
    raw_bytes,
    case
        -- nearly every record passes here, which is cheaper than value by value
        when
            bad_text is null
            and char_length(session_id) between 1 and 15
            and char_length(item_in_session) between 1 and 9
            and char_length(ts) = 13
            and ts between '1' and '2'
            and (user_id is null or user_id = '0' or user_id not like '0%')
            and char_length(coalesce(user_id, '')) <= 18
            and session_id || item_in_session || ts || coalesce(user_id, '') ~ '^[0-9]+$'
            and (
                status is null
                or (status in ('200', '307', '404') and char_length(status) = 3)
            )
            and (length is null or length ~ '^[0-9]{1,9}([.][0-9]+)?$')
            and (registration is null or registration ~ '^1[0-9]{12}([.]0)?$')
            and level in ('free', 'paid')
            and char_length(level) = 4
            then null
        when bad_text is not null then bad_text
        when coalesce(session_id, '') = '' then 'session_id: missing'
        when session_id !~ '^-?[0-9]+$' then 'session_id: not an integer'
        when char_length(session_id) > 16 then 'session_id: out of range'
        when
            cast(session_id as bigint) not between 0 and 9007199254740992
            then 'session_id: out of range'
        when coalesce(item_in_session, '') = '' then 'item_in_session: missing'
        when
            item_in_session !~ '^-?[0-9]+$'
            then 'item_in_session: not an integer'
        when char_length(item_in_session) > 10 then 'item_in_session: out of range'
        when
            cast(item_in_session as bigint) not between 0 and 2147483647
            then 'item_in_session: out of range'
        when coalesce(ts, '') = '' then 'ts: missing'
        when ts !~ '^-?[0-9]+$' then 'ts: not an integer'
        when char_length(ts) > 13 then 'ts: out of range'
        when
            cast(ts as bigint) not between 946684800000 and 4102444799999
            then 'ts: out of range'
        when status !~ '^(-?[0-9]+)?$' then 'status: not an integer'
        when char_length(status) > 11 then 'status: out of range'
        when
            cast(nullif(status, '') as bigint) not between -2147483648 and 2147483647
            then 'status: out of range'
        when
            length !~ '^(-?[0-9]{1,100}([.][0-9]+)?([eE][-+]?[0-9]{1,2})?)?$'
            then 'length: not a number'
        when
            registration !~ '^(-?[0-9]{1,100}([.][0-9]+)?([eE][-+]?[0-9]{1,2})?)?$'
            then 'registration: not a number'
        when
            cast(nullif(registration, '') as double precision) < 946684800000
            or cast(nullif(registration, '') as double precision) >= 4102444800000
            then 'registration: out of range'
        when level !~ '^(free|paid)?$' then 'level: unknown'
        -- one user has one text, so that a key and a user are the same thing
        when user_id !~ '^(0|-?[1-9][0-9]*)?$' then 'user_id: not an integer'
        when char_length(user_id) > 18 then 'user_id: out of range'
    end as reason
from incoming;
