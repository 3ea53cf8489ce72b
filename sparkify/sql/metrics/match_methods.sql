-- How the plays found their song, and how many did not.
-- grain: one row per way of matching
select
    coalesce(match_method, 'none') as match_method,
    count(*) as plays,
    count(distinct song_key) as songs
from analytics.songplays
group by coalesce(match_method, 'none')
order by
    plays desc,
    match_method;
