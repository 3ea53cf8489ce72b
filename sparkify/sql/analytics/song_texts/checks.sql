-- check: song_texts_key_is_unique
-- severity: error
-- A pair of texts has one row.
select
    song_texts.delivered_song,
    song_texts.delivered_artist,
    count(*) as rows_found
from analytics.song_texts
inner join played_texts
    on song_texts.delivered_song = played_texts.delivered_song
    and song_texts.delivered_artist = played_texts.delivered_artist
group by
    song_texts.delivered_song,
    song_texts.delivered_artist
having count(*) > 1;
