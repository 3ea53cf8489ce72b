"""`python -m bench.without CONFIG`: a run that matches plays by equal names alone.

What the benchmark `matching` compares a run with: the least that design and star ask
for. A play finds its song by the very same title and artist, but for outer blanks, and
by length. Texts stay as delivered, with the key that charts group by; nothing is told
of the names of the catalogue, of levels over time, user agents and places.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from unittest.mock import patch

from sparkify import cli, lookups, pipeline
from sparkify.engines.base import Row
from sparkify.lookups.texts import SONG_TEXT_RULES, credit_key, song_key
from sparkify.models import Models, Table, load_models

LEFT_OUT = {
    *("song_names", "touched_names", "settled_levels", "user_levels", "user_agents"),
    "places",
}
TRIMMED = "case when {0} like ' %' or {0} like '% ' then trim({0}) else {0} end"
SONG, ARTIST = TRIMMED.format("song"), TRIMMED.format("artist")
TITLE, NAME = TRIMMED.format("title"), TRIMMED.format("artist_name")
OTHERWISE = {
    "touched_texts": f"""
create temp table touched_texts as
with

names as (
    select distinct {TITLE} as song, {NAME} as artist
    from touched_songs
    where is_touched_song = 1 and title <> '' and artist_name <> ''
),

touched as (
    select
        song_texts.delivered_song, song_texts.delivered_artist, song_texts.song,
        song_texts.artist, song_texts.song_key,
        case when names.song is null then 0 else 1 end as is_catalogued
    from (
        select *, {SONG} as own_song, {ARTIST} as own_artist from analytics.song_texts
    ) as song_texts
    left join played_texts
        on song_texts.delivered_song = played_texts.delivered_song
        and song_texts.delivered_artist = played_texts.delivered_artist
    left join names
        on song_texts.own_song = names.song and song_texts.own_artist = names.artist
    where played_texts.delivered_song is not null or names.song is not null
)

select
    *,
    row_number() over (order by song_key, delivered_song, delivered_artist) as text_id
from touched
""",
    "text_matches": f"""
create temp table text_matches as
with

deliveries as (
    select
        texts.text_id, {TRIMMED.format("songs.song_id")} as song_id, songs.duration,
        coalesce(loads.revision, :revision) as revision
    from (
        select text_id, {SONG} as song, {ARTIST} as artist from touched_texts
    ) as texts
    inner join (
        select song_id, duration, load_id, {TITLE} as title, {NAME} as artist_name
        from staging.songs
    ) as songs
        on texts.song = songs.title and texts.artist = songs.artist_name
    left join control.loads on songs.load_id = loads.load_id
    where songs.title <> '' and songs.artist_name <> ''
),

replaced as (
    select trim(songs.song_id) as song_id, max(loads.revision) as revision
    from staging.songs
    inner join control.loads on songs.load_id = loads.load_id
    where loads.revision > 0
    group by trim(songs.song_id)
),

named as (
    select deliveries.*
    from deliveries
    left join replaced on deliveries.song_id = replaced.song_id
    where replaced.song_id is null or deliveries.revision = replaced.revision
),

matches as (
    select text_id, duration, min(song_id) as song_id, 'exact' as match_method
    from named
    where duration is not null
    group by text_id, duration
    union all
    select text_id, null as duration, min(song_id) as song_id, 'title' as match_method
    from named
    group by text_id
)

select
    matches.text_id, matches.duration, cast(null as double) as second, matches.song_id,
    songs.artist_id, matches.match_method
from matches
inner join analytics.songs on matches.song_id = songs.song_id
""",
}


def _texts(rows: Iterable[Row]) -> Iterator[Row]:
    for delivered_song, delivered_artist in rows:
        song, artist = str(delivered_song), str(delivered_artist)
        own = song_key(song, artist), credit_key(artist)
        yield song, artist, song, artist, *own, None, None, None, SONG_TEXT_RULES


def _least(prefix: str) -> Models:
    models = load_models(prefix)

    def least(table: Table) -> Table:
        if table.name in LEFT_OUT:
            return replace(table, load=(), new="", checks=())
        own = OTHERWISE.get(table.name)
        return replace(table, load=(own,)) if own else table

    return replace(
        models,
        tables=tuple(map(least, models.tables)),
        transform=tuple(least(t) for t in models.transform if t.name not in LEFT_OUT),
    )


def main(config: str) -> None:
    """Run, as `sparkify run` does."""
    with (
        patch.dict(lookups.RULES, {"song_texts": (SONG_TEXT_RULES, _texts)}),
        patch.object(pipeline, "load_models", _least),
    ):
        cli.main(["run", "--quiet", "--config", config])


if __name__ == "__main__":
    main(*sys.argv[1:])
