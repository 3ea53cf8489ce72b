-- A text that somebody asks about, as a load would meet it in touched_texts.
-- grain: one row per text asked about
select
    1 as text_id,
    cast(:song as varchar(1024)) as song,
    cast(:artist as varchar(1024)) as artist,
    cast(:match_key as bigint) as match_key,
    cast(:base_key as bigint) as base_key,
    cast(:artist_key as bigint) as artist_key;
