-- The names of this load's songs that are new with it.
-- grain: one row per pair of title and artist as delivered
with

delivered as (
    select distinct
        coalesce(title, '') as delivered_title,
        coalesce(artist_name, '') as delivered_artist
    from staging.songs
    where load_id between :first_load_id and :last_load_id
)

select
    delivered.delivered_title,
    delivered.delivered_artist
from delivered
left join analytics.song_names
    on delivered.delivered_title = song_names.delivered_title
    and delivered.delivered_artist = song_names.delivered_artist
where song_names.delivered_title is null;
