-- Why a record of a song file cannot be accepted; null for an accepted one.
-- grain: one row per record of the files being loaded
-- `incoming` has each value of a record as text, where the record was found (known to
-- the strict reader alone), and in bad_text what no engine could hold. An empty text is
-- no number, and so null, as in Redshift's COPY. To Redshift '1 ' equals '1', so texts
-- are held against patterns, or their length is looked at too.
select
    num_songs,
    artist_id,
    artist_latitude,
    artist_longitude,
    artist_location,
    artist_name,
    song_id,
    title,
    duration,
    year,
    uri,
    position,
    line,
    raw_record,
    raw_bytes,
    case
        -- nearly every record passes here, which is cheaper than value by value
        when
            bad_text is null
            and song_id ~ '^[0-9A-Z]+$'
            and artist_id ~ '^[0-9A-Z]+$'
            and num_songs = '1'
            and char_length(num_songs) = 1
            and year ~ '^[0-9]{1,4}$'
            and (artist_latitude is null or artist_latitude ~ '^-?[0-9]{1,3}[.][0-9]+$')
            and (
                artist_longitude is null
                or artist_longitude ~ '^-?[0-9]{1,3}[.][0-9]+$'
            )
            and duration ~ '^[0-9]{1,9}[.][0-9]+$'
            then null
        when bad_text is not null then bad_text
        when coalesce(trim(both ' ' from song_id), '') = '' then 'song_id: missing'
        when coalesce(trim(both ' ' from artist_id), '') = '' then 'artist_id: missing'
        when num_songs !~ '^(-?[0-9]+)?$' then 'num_songs: not an integer'
        when char_length(num_songs) > 11 then 'num_songs: out of range'
        when
            cast(nullif(num_songs, '') as bigint)
            not between -2147483648 and 2147483647
            then 'num_songs: out of range'
        when year !~ '^(-?[0-9]+)?$' then 'year: not an integer'
        when char_length(year) > 11 then 'year: out of range'
        when
            cast(nullif(year, '') as bigint) not between -2147483648 and 2147483647
            then 'year: out of range'
        when
            artist_latitude
            !~ '^(-?[0-9]{1,100}([.][0-9]+)?([eE][-+]?[0-9]{1,2})?)?$'
            then 'artist_latitude: not a number'
        when
            artist_longitude
            !~ '^(-?[0-9]{1,100}([.][0-9]+)?([eE][-+]?[0-9]{1,2})?)?$'
            then 'artist_longitude: not a number'
        when
            duration !~ '^(-?[0-9]{1,100}([.][0-9]+)?([eE][-+]?[0-9]{1,2})?)?$'
            then 'duration: not a number'
    end as reason
from incoming;
