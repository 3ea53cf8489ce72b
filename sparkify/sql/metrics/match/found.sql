-- What a play of the text asked about would find, the best first; none if it has none.
-- grain: one row per match of the text and length
select
    text_matches.match_method,
    text_matches.song_id,
    text_matches.artist_id,
    songs.title,
    artists.name
from text_matches
left join analytics.songs
    on text_matches.song_id = songs.song_id
left join analytics.artists
    on text_matches.artist_id = artists.artist_id
where
    text_matches.duration = cast(:length as double precision)
    or text_matches.second = floor(cast(:length as double precision))
    or (text_matches.duration is null and text_matches.second is null)
order by
    case when text_matches.duration is null then 1 else 0 end,
    case when text_matches.second is null then 1 else 0 end;
