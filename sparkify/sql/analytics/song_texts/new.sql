-- The texts of this load's plays that are new with it.
-- grain: one row per pair of song and artist as delivered
select
    played_texts.delivered_song,
    played_texts.delivered_artist
from played_texts
left join analytics.song_texts
    on played_texts.delivered_song = song_texts.delivered_song
    and played_texts.delivered_artist = song_texts.delivered_artist
where song_texts.delivered_song is null;
