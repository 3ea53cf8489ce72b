"""The real data gives the right values, whatever way its files arrive.

The values are those of the reference on the source data, computed in plain Python.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from acceptance.data import deliver, deliver_songs, logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cells, Warehouse

ROOT = Path(__file__).parents[2]
STAR = {"users": 97, "songs": 71, "artists": 69, "time": 6813, "songplays": 6820}

PLAYS_BY_HOUR = (
    *(155, 154, 117, 109, 136, 162, 183, 179, 207, 270, 312, 336),
    *(308, 324, 432, 477, 542, 494, 498, 367, 360, 280, 217, 201),
)

# Question, and the rows that answer it.
RIGHT_VALUES: dict[str, tuple[str, list[Cells]]] = {
    "damaged texts left": (
        "select count(*) from analytics.songplays "
        "where song like '%\u00c3%' or artist like '%\u00c3%'",
        [(0,)],
    ),
    "staging": (
        "select (select count(*) from staging.events), "
        "(select count(*) from staging.songs), "
        "(select count(*) from control.rejects)",
        [(8056, 71, 0)],
    ),
    "star": (
        "select (select count(*) from analytics.users), "
        "(select count(*) from analytics.songs), "
        "(select count(*) from analytics.artists), "
        "(select count(*) from analytics.time), "
        "(select count(*) from analytics.songplays)",
        [tuple(STAR.values())],
    ),
    "the one match": (
        "select song_id, artist_id, user_id, session_id, item_in_session, level, "
        "song, artist, match_method, cast(start_time as varchar(30)) "
        "from analytics.songplays where song_id is not null",
        [
            (
                "SOZCTXZ12AB0182364",
                "AR5KOSW1187FB35FF4",
                15,
                818,
                5,
                "paid",
                "Setanta matins",
                "Elena",
                "exact",
                "2018-11-21 21:56:47.796",
            )
        ],
    ),
    "plays by how they are matched": (
        "select match_method, count(*) from analytics.songplays "
        "group by match_method order by match_method",
        [("artist", 25), ("exact", 1), (None, 6794)],
    ),
    "the user of the match": (
        "select first_name, last_name from analytics.users where user_id = 15",
        [("Lily", "Koch")],
    ),
    "users by level and gender": (
        "select level, gender, count(*) from analytics.users "
        "group by level, gender order by level, gender",
        [("free", "F", 40), ("free", "M", 35), ("paid", "F", 15), ("paid", "M", 7)],
    ),
    "listeners by level": (
        "select level, count(*) from analytics.users where user_id in "
        "(select user_id from analytics.songplays) group by level order by level",
        [("free", 74), ("paid", 22)],
    ),
    "the user who never plays": (
        "select user_id from analytics.users where user_id not in "
        "(select user_id from analytics.songplays)",
        [(21,)],
    ),
    "users who changed level end paid": (
        "select user_id, level from analytics.users "
        "where user_id in (15, 16, 29, 36, 49, 80, 85, 88) order by user_id",
        [(user, "paid") for user in (15, 16, 29, 36, 49, 80, 85, 88)],
    ),
    "two users of one name": (
        "select user_id from analytics.users where first_name = 'Ava' "
        "and last_name = 'Robinson' order by user_id",
        [(13,), (50,)],
    ),
    "plays by user": (
        "select songplays.user_id, first_name || ' ' || last_name, count(*) as plays "
        "from analytics.songplays inner join analytics.users "
        "on songplays.user_id = users.user_id "
        "group by songplays.user_id, first_name || ' ' || last_name "
        "order by plays desc limit 10",
        [
            (49, "Chloe Cuevas", 689),
            (80, "Tegan Levine", 665),
            (97, "Kate Harrell", 557),
            (15, "Lily Koch", 463),
            (44, "Aleena Kirby", 397),
            (29, "Jacqueline Lynch", 346),
            (24, "Layla Griffin", 321),
            (73, "Jacob Klein", 289),
            (88, "Mohammad Rodriguez", 270),
            (36, "Matthew Jones", 248),
        ],
    ),
    "paid plays by user": (
        "select user_id, count(*) as plays from analytics.songplays "
        "where level = 'paid' group by user_id order by plays desc limit 5",
        [(49, 650), (80, 648), (97, 557), (15, 462), (44, 397)],
    ),
    "free plays by user": (
        "select user_id, count(*) as plays from analytics.songplays "
        "where level = 'free' group by user_id order by plays desc limit 5",
        [(26, 114), (32, 56), (101, 55), (50, 48), (86, 45)],
    ),
    "songs, damaged text repaired": (
        "select song, artist, count(*) as plays from analytics.songplays "
        "group by song, artist order by plays desc, song desc limit 8",
        [
            ("You're The One", "Dwight Yoakam", 37),
            ("Undo", "Björk", 28),
            ("Revelry", "Kings Of Leon", 27),
            ("Sehr kosmisch", "Harmonia", 21),
            (
                "Horn Concerto No. 4 in E flat K495: II. Romance (Andante cantabile)",
                "Barry Tuckwell/Academy of St Martin-in-the-Fields/"
                "Sir Neville Marriner",
                19,
            ),
            ("Secrets", "OneRepublic", 17),
            ("Canada", "Five Iron Frenzy", 17),
            ("Dog Days Are Over (Radio Edit)", "Florence + The Machine", 16),
        ],
    ),
    "artists": (
        "select artist, count(*) as plays from analytics.songplays "
        "group by artist order by plays desc, artist limit 7",
        [
            ("Coldplay", 58),
            ("Kings Of Leon", 55),
            ("Dwight Yoakam", 38),
            ("The Black Keys", 36),
            ("Florence + The Machine", 35),
            ("Jack Johnson", 35),
            ("Muse", 35),
        ],
    ),
    "distinct texts": (
        "select count(*), count(distinct song_key) from "
        "(select distinct song, artist, song_key from analytics.songplays) as pairs",
        [(5295, 5295)],
    ),
    "distinct artists and titles": (
        "select count(distinct artist), count(distinct song) from analytics.songplays",
        [(3148, 5189)],
    ),
    "length": (
        "select floor(sum(length) * 1000 + 0.5) / 1000.0 from analytics.songplays",
        [(1684759.747,)],
    ),
    "plays by hour": (
        "select time.hour, count(*) from analytics.songplays inner join analytics.time "
        "on songplays.start_time = time.start_time group by hour order by hour",
        list(enumerate(PLAYS_BY_HOUR)),
    ),
    "plays by weekday": (
        "select weekday, count(*) from analytics.songplays inner join analytics.time "
        "on songplays.start_time = time.start_time group by weekday order by weekday",
        [(0, 396), (1, 1014), (2, 1071), (3, 1364), (4, 1052), (5, 1295), (6, 628)],
    ),
    "start times on a Wednesday": (
        "select count(*) from analytics.time where weekday = 3",
        [(1361,)],
    ),
    "plays by ISO week": (
        "select week, cast(week_start as varchar(10)), count(*) "
        "from analytics.songplays inner join analytics.time "
        "on songplays.start_time = time.start_time "
        "group by week, week_start order by week",
        [
            (44, "2018-10-29", 410),
            (45, "2018-11-05", 1257),
            (46, "2018-11-12", 1958),
            (47, "2018-11-19", 1711),
            (48, "2018-11-26", 1484),
        ],
    ),
    "busiest day": (
        "select cast(cast(start_time as date) as varchar(10)) as day, "
        "count(*) as plays from analytics.songplays "
        "group by day order by plays desc limit 1",
        [("2018-11-15", 479)],
    ),
    "least busy day": (
        "select cast(cast(start_time as date) as varchar(10)) as day, "
        "count(*) as plays from analytics.songplays "
        "group by day order by plays limit 1",
        [("2018-11-01", 11)],
    ),
    "plays by level": (
        "select level, count(*) from analytics.songplays group by level order by level",
        [("free", 1229), ("paid", 5591)],
    ),
    "plays by gender and level of the play": (
        "select gender, songplays.level, count(*) from analytics.songplays "
        "inner join analytics.users on songplays.user_id = users.user_id "
        "group by gender, songplays.level order by gender, songplays.level",
        [
            ("F", "free", 593),
            ("F", "paid", 4294),
            ("M", "free", 636),
            ("M", "paid", 1297),
        ],
    ),
    "locations": (
        "select location, count(*) as plays from analytics.songplays "
        "group by location order by plays desc limit 6",
        [
            ("San Francisco-Oakland-Hayward, CA", 691),
            ("Portland-South Portland, ME", 665),
            ("Lansing-East Lansing, MI", 557),
            ("Chicago-Naperville-Elgin, IL-IN-WI", 475),
            ("Atlanta-Sandy Springs-Roswell, GA", 456),
            ("Waterloo-Cedar Falls, IA", 397),
        ],
    ),
    "number of locations": (
        "select count(distinct location) from analytics.songplays",
        [(63,)],
    ),
    "sessions with a play": (
        "select count(*) from (select distinct user_id, session_id "
        "from analytics.songplays) as sessions",
        [(776,)],
    ),
    "user agents": (
        "select sum(case when user_agent like '%Macintosh%' then 1 else 0 end), "
        "sum(case when user_agent like '%Windows%' then 1 else 0 end), "
        "sum(case when user_agent like '%X11%' then 1 else 0 end), "
        "sum(case when user_agent like '%iPhone%' then 1 else 0 end) "
        "from analytics.songplays",
        [(3000, 2428, 1153, 239)],
    ),
    "repaired plays": (
        "select count(*) from staging.events inner join analytics.song_texts "
        "on events.song = delivered_song and events.artist = delivered_artist "
        "where page = 'NextSong' and "
        "(song_texts.song <> delivered_song or song_texts.artist <> delivered_artist)",
        [(326,)],
    ),
    "changes of level": (
        "select later.level, count(*) from analytics.user_levels as later "
        "inner join analytics.user_levels as earlier "
        "on later.user_id = earlier.user_id and later.valid_from = earlier.valid_to "
        "group by later.level order by later.level",
        [("free", 1), ("paid", 8)],
    ),
    "levels now": (
        "select level, count(*) from analytics.user_levels where valid_to is null "
        "group by level order by level",
        [("free", 75), ("paid", 22)],
    ),
    "levels at the time of the plays": (
        "select user_levels.level, count(*) from analytics.songplays "
        "inner join analytics.user_levels "
        "on songplays.user_id = user_levels.user_id "
        "and songplays.start_time >= valid_from "
        "and (valid_to is null or songplays.start_time < valid_to) "
        "group by user_levels.level order by user_levels.level",
        [("free", 1229), ("paid", 5591)],
    ),
    "places with several states": (
        "select count(*), sum(plays) from (select songplays.location, "
        "count(*) as plays from analytics.songplays inner join analytics.places "
        "on songplays.location = places.location where states <> primary_state "
        "group by songplays.location) as several",
        [(12, 1207)],
    ),
    "places": (
        "select count(*), count(metro), count(primary_state) from analytics.places",
        [(63, 63, 63)],
    ),
    "systems": (
        "select device_type, case when os = 'Ubuntu' then 'Linux' else os end as os, "
        "count(*) as plays from analytics.songplays inner join analytics.user_agents "
        "on songplays.user_agent = user_agents.user_agent where not is_bot "
        "group by device_type, case when os = 'Ubuntu' then 'Linux' else os end "
        "order by plays desc",
        [
            ("desktop", "Mac OS X", 3000),
            ("desktop", "Windows", 2428),
            ("desktop", "Linux", 1153),
            ("mobile", "iOS", 239),
        ],
    ),
    "songs of unknown year": (
        "select count(*) from analytics.songs where year is null",
        [(43,)],
    ),
    "artists of unknown place": (
        "select count(*) from analytics.artists where location is null "
        "and latitude is null and longitude is null",
        [(27,)],
    ),
}


@pytest.mark.parametrize("question", RIGHT_VALUES)
def test_right_values(
    loaded: Callable[[str], Warehouse], engine_name: str, question: str
) -> None:
    """The warehouse answers as plain Python does from the files."""
    sql, answer = RIGHT_VALUES[question]
    assert loaded(engine_name).query(sql) == answer


def test_sum_of_length_ms_is_exact(
    loaded: Callable[[str], Warehouse], engine_name: str
) -> None:
    """No play's length_ms is more than half a millisecond from its length."""
    worst = loaded(engine_name).query(
        "select max(abs(length * 1000 - length_ms)), count(*) "
        "from analytics.songplays where length_ms is not null"
    )
    assert worst[0][1] == 6820
    assert isinstance(worst[0][0], float)
    assert worst[0][0] <= 0.5


def test_no_check_finds_offenders(
    loaded: Callable[[str], Warehouse], engine_name: str
) -> None:
    """The real data passes every check."""
    assert not loaded(engine_name).offenders()


def test_files_one_by_one(
    loaded: Callable[[str], Warehouse],
    warehouse: Warehouse,
    engine_name: str,
    real_data: Path,
) -> None:
    """I1: thirty loads of a day each make the same star as one load of all."""
    deliver_songs(warehouse, real_data)
    for file in logs(real_data):
        deliver(warehouse, "events", file.name, file)
        assert len(warehouse.run().loads) == 1
    assert (
        warehouse.bags("staging").keys() == loaded(engine_name).bags("staging").keys()
    )
    assert warehouse.bags("analytics") == loaded(engine_name).bags("analytics")
    assert not warehouse.offenders()


def test_files_in_reverse_order_songs_last(
    loaded: Callable[[str], Warehouse],
    warehouse: Warehouse,
    engine_name: str,
    real_data: Path,
) -> None:
    """I1: the newest days first, two a load, and the songs last: the same star."""
    newest_first = logs(real_data)[::-1]
    for pair in zip(newest_first[::2], newest_first[1::2], strict=True):
        for file in pair:
            deliver(warehouse, "events", file.name, file)
        assert len(warehouse.run().loads) == 1
    deliver_songs(warehouse, real_data)
    assert len(warehouse.run().loads) == 1
    assert warehouse.bags("analytics") == loaded(engine_name).bags("analytics")
    assert not warehouse.offenders()


@pytest.mark.parametrize("loads", [1, 2])
def test_files_twice_under_other_names(
    loaded: Callable[[str], Warehouse],
    warehouse: Warehouse,
    engine_name: str,
    real_data: Path,
    loads: int,
) -> None:
    """I1: repeats, in one load or in two, double staging and leave the star alone."""
    for copy in ("", "copy-of-"):
        deliver_songs(warehouse, real_data, copy)
        for file in logs(real_data):
            deliver(warehouse, "events", copy + file.name, file)
        if not copy and loads == 2:
            warehouse.run()
    warehouse.run()
    counts = "select count(*), count(distinct load_id) from staging."
    assert warehouse.query(counts + "events") == [(16112, loads)]
    assert warehouse.query(counts + "songs") == [(142, loads)]
    assert warehouse.bags("analytics") == loaded(engine_name).bags("analytics")
    assert not warehouse.offenders()


class Shop:
    """A folder as users have it: a classic dwh.cfg, and a copy of the data."""

    def __init__(self, folder: Path, real_data: Path) -> None:
        self.folder = folder
        for name in ("log_data", "song_data"):
            shutil.copytree(real_data / name, folder / name)
        shutil.copy(real_data / "log_json_path.json", folder)
        (folder / "dwh.cfg").write_text(
            "[CLUSTER]\nHOST=''\nDB_NAME=''\nDB_USER=''\nDB_PASSWORD=''\n"
            "DB_PORT=5439\n\n[IAM_ROLE]\nARN=''\n\n"
            "[S3]\nLOG_DATA='log_data'\nLOG_JSONPATH='log_json_path.json'\n"
            "SONG_DATA='song_data'\n\n[WAREHOUSE]\nENGINE=duckdb\n",
            "utf-8",
        )

    def run(self, *command: str) -> str:
        """Run Python with `command`; its output, when it succeeds without a word."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("SPARKIFY_")}
        ended = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=env | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    def script(self, name: str, *arguments: str) -> str:
        """Run a script of the project."""
        return self.run(str(ROOT / name), *arguments)


@pytest.fixture
def shop(tmp_path: Path, real_data: Path) -> Shop:
    """A folder with configuration and data."""
    return Shop(tmp_path / "shop", real_data)


def test_scripts_load_what_is_new_and_only_that(shop: Shop) -> None:
    """`create_tables.py`, then `etl.py`: all files, none, then what is new alone."""
    assert "created 23 tables" in shop.script("create_tables.py")
    assert "nothing to create" in shop.script("create_tables.py")
    first = shop.script("etl.py")
    assert "Loaded 101 of 101 files: 8,127 records" in first
    assert "Björk" in first
    assert shop.script("etl.py").startswith(
        "Nothing to do: none of 101 files is new to "
    )

    november = shop.folder / "log_data" / "2018" / "11"
    lines = (november / "2018-11-01-events.json").read_text("utf-8").splitlines()
    new = november / "2018-12-01-events.json"
    new.write_text(lines[0], "utf-8")
    assert "Loaded 1 of 102 files: 1 records" in shop.script("etl.py")

    changed = november / "2018-11-01-events.json"
    changed.write_text("\n".join(lines[:-1]), "utf-8")
    assert "Loaded 1 of 102 files: 14 records" in shop.script("etl.py")
    assert shop.script("etl.py").startswith(
        "Nothing to do: none of 102 files is new to "
    )


def test_touched_file_is_nothing_to_do(shop: Shop) -> None:
    """A file of another time and the same bytes is the same version."""
    shop.script("create_tables.py")
    shop.script("etl.py")
    for file in shop.folder.rglob("*.json"):
        file.touch()
    assert shop.script("etl.py").startswith("Nothing to do")


def test_sql_queries_offers_the_four_lists(shop: Shop) -> None:
    """Scripts of old import four lists of statements from sql_queries."""
    names = [f"{what}_table_queries" for what in ("create", "drop", "copy", "insert")]
    code = f"import sql_queries as q; print([len(getattr(q, n)) for n in {names}])"
    lengths = json.loads(shop.run("-c", code))
    assert len(lengths) == len(names)
    assert min(lengths) >= 2
