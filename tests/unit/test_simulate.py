"""The simulator writes a source like the real one, the same bytes for the same seed."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sparkify.simulate import Simulation, simulate

Record = dict[str, Any]

LOG_TYPES = {
    "artist": str,
    "auth": str,
    "firstName": str,
    "gender": str,
    "itemInSession": int,
    "lastName": str,
    "length": float,
    "level": str,
    "location": str,
    "method": str,
    "page": str,
    "registration": float,
    "sessionId": int,
    "song": str,
    "status": int,
    "ts": int,
    "userAgent": str,
    "userId": str,
}
OF_A_SONG = {"artist", "length", "song"}
OF_A_USER = {
    "firstName",
    "gender",
    "lastName",
    "location",
    "registration",
    "userAgent",
}
SONG_TYPES = {
    "num_songs": (int,),
    "artist_id": (str,),
    "artist_latitude": (float, type(None)),
    "artist_longitude": (float, type(None)),
    "artist_location": (str,),
    "artist_name": (str,),
    "song_id": (str,),
    "title": (str,),
    "duration": (float,),
    "year": (int,),
}
REQUESTS = {
    "NextSong": ("PUT", 200),
    "Home": ("GET", 200),
    "Settings": ("GET", 200),
    "Help": ("GET", 200),
    "About": ("GET", 200),
    "Upgrade": ("GET", 200),
    "Downgrade": ("GET", 200),
    "Error": ("GET", 404),
    "Login": ("PUT", 307),
    "Logout": ("PUT", 307),
    "Save Settings": ("PUT", 307),
    "Submit Upgrade": ("PUT", 307),
    "Submit Downgrade": ("PUT", 307),
}
LEVEL_AFTER = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}
USERS, DAYS, SONGS = 200, 21, 500


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    out = tmp_path_factory.mktemp("simulation")
    return simulate(out, users=USERS, days=DAYS, songs=SONGS, seed=7)


@pytest.fixture(scope="module")
def lines(written: Simulation) -> list[str]:
    return [line for path in log_paths(written) for line in read_lines(path)]


@pytest.fixture(scope="module")
def events(lines: list[str]) -> list[Record]:
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def plays(events: list[Record]) -> list[Record]:
    return [event for event in events if event["page"] == "NextSong"]


@pytest.fixture(scope="module")
def songs(written: Simulation) -> list[Record]:
    return list(read_songs(written))


@pytest.fixture(scope="module")
def sessions(events: list[Record]) -> dict[int, list[Record]]:
    found: defaultdict[int, list[Record]] = defaultdict(list)
    for event in events:
        found[event["sessionId"]].append(event)
    return found


@pytest.fixture(scope="module")
def histories(sessions: dict[int, list[Record]]) -> list[list[Record]]:
    """Return the events of each user, logged-out ones in their sessions included."""
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for number in sorted(sessions):
        users = {event["userId"] for event in sessions[number]} - {""}
        for user in users:
            found[user] += sessions[number]
    return list(found.values())


def log_paths(simulation: Simulation) -> list[Path]:
    return sorted(simulation.log_data.rglob("*.json"))


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").split("\n")


def read_songs(simulation: Simulation) -> Iterator[Record]:
    for path in sorted(simulation.song_data.rglob("*.json")):
        for line in read_lines(path):
            yield json.loads(line)


def digest(folder: Path) -> str:
    """Return the sha256 over the names and bytes of all files of a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.json")):
        found.update(path.relative_to(folder).as_posix().encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def repaired(text: str) -> str:
    for _ in range(2):
        text = text.encode("latin-1").decode("utf-8")
    return text


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    """The same arguments write the same bytes, here and on any other machine."""
    for name in ("one", "two"):
        simulate(tmp_path / name, users=3, days=2, songs=5, seed=1)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert digest(tmp_path / "one") == (
        "612d958355da51c6a5f8decacc9432d9b537afb778ab93011360c771c7ca79e7"
    )


def test_another_seed_gives_other_files(tmp_path: Path) -> None:
    """Every seed has its own logs and its own songs."""
    one = simulate(tmp_path / "one", users=3, days=2, songs=5, seed=1)
    two = simulate(tmp_path / "two", users=3, days=2, songs=5, seed=2)
    assert digest(one.log_data) != digest(two.log_data)
    assert digest(one.song_data) != digest(two.song_data)


def test_result_tells_what_was_written(
    written: Simulation, events: list[Record], plays: list[Record], songs: list[Record]
) -> None:
    """The counts of the result are those of the files."""
    song_paths = list(written.song_data.rglob("*.json"))
    paths = log_paths(written) + song_paths
    assert written.log_files == len(log_paths(written)) == DAYS
    assert written.song_files == len(song_paths) == SONGS
    assert written.songs == len(songs)
    assert written.events == len(events)
    assert written.plays == len(plays)
    assert written.bytes == sum(path.stat().st_size for path in paths)


def test_log_lines_are_written_as_the_real_ones(lines: list[str]) -> None:
    """A line is compact ASCII JSON with `/` escaped and no line end after the last."""
    for line in lines:
        text = json.dumps(json.loads(line), separators=(",", ":"))
        assert line == text.replace("/", "\\/")


def test_log_lines_have_the_documented_types(events: list[Record]) -> None:
    """All 18 keys come in one order; null is what an event does not have."""
    for event in events:
        absent = set() if event["page"] == "NextSong" else set(OF_A_SONG)
        if event["userId"] == "":
            absent |= OF_A_USER
        assert list(event) == list(LOG_TYPES)
        assert {key for key, value in event.items() if value is None} == absent
        for key in LOG_TYPES.keys() - absent:
            assert type(event[key]) is LOG_TYPES[key]


def test_pages_have_their_method_and_status(events: list[Record]) -> None:
    """Each page has the method and status of the real logs, and all pages occur."""
    found = {(event["page"], (event["method"], event["status"])) for event in events}
    assert found == set(REQUESTS.items())


def test_logged_out_rows_are_guests(events: list[Record]) -> None:
    """The empty user id means logged out, and only some pages are seen that way."""
    guests = {event["page"] for event in events if event["userId"] == ""}
    assert guests == {"Home", "Login", "About", "Help"}
    for event in events:
        out = event["userId"] == ""
        assert event["auth"] == ("Logged Out" if out else "Logged In")
        assert out or event["page"] != "Login"


def test_agents_with_a_comma_are_quoted(events: list[Record]) -> None:
    """A user agent is wrapped in quotes exactly when it holds a comma."""
    agents = {event["userAgent"] for event in events} - {None}
    assert len(agents) > 10
    for agent in agents:
        assert (agent[0] == agent[-1] == '"') == ("," in agent)


def test_days_are_sorted_and_in_their_file(written: Simulation) -> None:
    """A file holds the events of its UTC day by time, ending in any millisecond."""
    endings = set()
    for path in log_paths(written):
        stamps = [json.loads(line)["ts"] for line in read_lines(path)]
        day = date.fromisoformat(path.name.removesuffix("-events.json"))
        assert path.parent == written.log_data / f"{day:%Y}" / f"{day:%m}"
        assert stamps == sorted(stamps)
        assert {datetime.fromtimestamp(ts / 1000, UTC).date() for ts in stamps} == {day}
        endings |= {ts % 1000 for ts in stamps}
    assert len(endings) > 900


def test_natural_key_is_unique(events: list[Record]) -> None:
    """Session, item and user name one event."""
    keys = {
        (event["sessionId"], event["itemInSession"], event["userId"])
        for event in events
    }
    assert len(keys) == len(events)


def test_sessions_make_sense(sessions: dict[int, list[Record]]) -> None:
    """A session counts its items from 0, is of one user, and starts after the last."""
    starts = [sessions[number][0]["ts"] for number in sorted(sessions)]
    for session in sessions.values():
        items = [event["itemInSession"] for event in session]
        assert items == list(range(len(session)))
        assert len({event["userId"] for event in session} - {""}) <= 1
    assert starts == sorted(starts)


def test_songs_follow_one_another(sessions: dict[int, list[Record]]) -> None:
    """The next song starts when the one before is over."""
    for session in sessions.values():
        for one, two in pairwise(session):
            if one["page"] == two["page"] == "NextSong":
                assert two["ts"] - one["ts"] == int(one["length"] * 1000)


def test_some_sessions_cross_midnight(sessions: dict[int, list[Record]]) -> None:
    """A session may go on in the file of the next day."""
    day = 24 * 3_600_000
    assert any(
        session[0]["ts"] // day < session[-1]["ts"] // day
        for session in sessions.values()
    )


def test_levels_change_after_submit_pages_only(histories: list[list[Record]]) -> None:
    """A user's level is that of the row before, but for the row after a submit."""
    for history in histories:
        for before, after in pairwise(history):
            level = LEVEL_AFTER.get(before["page"], before["level"])
            assert after["level"] == level


def test_submit_pages_carry_the_old_level(events: list[Record]) -> None:
    """Submit Upgrade is a free row, Submit Downgrade a paid one."""
    for event in events:
        if event["page"] in LEVEL_AFTER:
            assert event["level"] != LEVEL_AFTER[event["page"]]


def test_some_users_go_back_to_free(histories: list[list[Record]]) -> None:
    """Some users were paid and end free, which the real logs cannot show."""
    levels = [[event["level"] for event in history] for history in histories]
    assert sum(found[-1] == "free" and "paid" in found for found in levels) >= 2


def test_about_a_quarter_of_users_ends_paid(histories: list[list[Record]]) -> None:
    """Some 24 % of the users are paid by their last event."""
    paid = sum(history[-1]["level"] == "paid" for history in histories)
    assert 0.18 < paid / len(histories) < 0.30


def test_page_mix_is_near_the_real_one(events: list[Record]) -> None:
    """Songs are some 85 % of the events, Home pages some 10 %, the others rare."""
    pages = Counter(event["page"] for event in events)
    share = {page: number / len(events) for page, number in pages.items()}
    assert 0.82 < share.pop("NextSong") < 0.88
    assert 0.07 < share.pop("Home") < 0.13
    assert max(share.values()) < 0.02


def test_few_users_play_most_songs(plays: list[Record]) -> None:
    """A tenth of the users has more than half of the plays."""
    users = Counter(event["userId"] for event in plays)
    heavy = sum(number for _, number in users.most_common(USERS // 10))
    assert heavy / len(plays) > 0.5


def test_weeks_have_a_rhythm(plays: list[Record]) -> None:
    """Afternoons are busier than nights and Wednesdays than Sundays."""
    times = [datetime.fromtimestamp(event["ts"] / 1000, UTC) for event in plays]
    hours = Counter(time.hour // 6 for time in times)
    weekdays = Counter(time.weekday() for time in times)
    assert hours[2] > 2 * hours[0]
    assert weekdays[2] > 1.5 * weekdays[6]


def test_library_has_its_share_of_the_plays(
    plays: list[Record], songs: list[Record]
) -> None:
    """40 to 50 % of the plays are of library songs; the others match none at all."""
    library = {(song["artist_name"], song["title"], song["duration"]) for song in songs}
    titles = {(artist, title) for artist, title, _ in library}
    found = 0
    for play in plays:
        artist, title = repaired(play["artist"]), repaired(play["song"])
        known = (artist, title, play["length"]) in library
        assert known == ((artist, title) in titles)
        found += known
    assert 0.4 < found / len(plays) < 0.5


def test_some_songs_are_hits(plays: list[Record]) -> None:
    """The top song has many times the plays of a usual one."""
    numbers = sorted(Counter(play["song"] for play in plays).values())
    assert numbers[-1] > 10 * numbers[len(numbers) // 2]


def test_damage_is_repaired_by_two_rounds(
    plays: list[Record], songs: list[Record]
) -> None:
    """Text beyond ASCII is damaged in the logs, as the real one, and right in songs."""
    right = {song["artist_name"] for song in songs} | {song["title"] for song in songs}
    beyond = {text for text in right if not text.isascii()}
    damaged = {
        play[key]
        for play in plays
        for key in ("artist", "song")
        if not play[key].isascii()
    }
    assert len({repaired(text) for text in damaged} & beyond) > 10
    assert not damaged & beyond


def test_damage_of_names_is_repaired_too(events: list[Record]) -> None:
    """First and last names beyond ASCII are damaged in the same way."""
    names = {event[key] for event in events for key in ("firstName", "lastName")}
    damaged = {name for name in names - {None} if not name.isascii()}
    assert damaged
    assert all(repaired(name) != name for name in damaged)


def test_library_holds_many_scripts(songs: list[Record]) -> None:
    """Titles and artists come with accents and in Cyrillic, CJK and emoji."""
    text = "".join(song["title"] + song["artist_name"] for song in songs)
    for low, high in ("Àÿ", "Ая", "一鿿", "🌀🫿"):
        assert any(low <= letter <= high for letter in text)


def test_song_files_are_written_as_the_real_ones(written: Simulation) -> None:
    """A song is one JSON object with spaces, in the folders of its track id."""
    for path in written.song_data.rglob("*.json"):
        [text] = read_lines(path)
        song = json.loads(text)
        assert text == json.dumps(song)
        assert path.parent.relative_to(written.song_data).parts == tuple(path.stem[2:5])
        assert path.stem[:2] == "TR"
        assert len(path.stem) == 18


def test_songs_have_the_documented_types(songs: list[Record]) -> None:
    """All 10 keys come in one order; unknown is null, an empty string or year 0."""
    for song in songs:
        assert list(song) == list(SONG_TYPES)
        assert all(type(song[key]) in types for key, types in SONG_TYPES.items())
        assert song["num_songs"] == 1
        assert song["artist_id"][:2] == "AR"
        assert song["song_id"][:2] == "SO"
        assert 60 <= song["duration"] <= 600
        assert (song["artist_latitude"] is None) == (song["artist_longitude"] is None)
    assert len({song["song_id"] for song in songs}) == SONGS
    assert {song["year"] == 0 for song in songs} == {True, False}
    assert {song["artist_location"] == "" for song in songs} == {True, False}


def test_library_repeats_itself_as_a_big_one(songs: list[Record]) -> None:
    """Some artists come in several forms, some songs in several recordings."""
    artists: defaultdict[str, set[tuple[str, str, float | None]]] = defaultdict(set)
    recordings: defaultdict[tuple[str, str], set[float]] = defaultdict(set)
    for song in songs:
        form = song["artist_name"], song["artist_location"], song["artist_latitude"]
        artists[song["artist_id"]].add(form)
        recordings[song["artist_name"], song["title"]].add(song["duration"])
    assert sum(len(forms) > 1 for forms in artists.values()) >= 3
    assert sum(len(lengths) > 1 for lengths in recordings.values()) >= 3


def test_songs_per_file_changes_the_files_only(
    tmp_path: Path, songs: list[Record]
) -> None:
    """Fewer files hold the same songs, whoever listens to them."""
    packed = simulate(
        tmp_path, users=1, days=1, songs=SONGS, seed=7, songs_per_file=200
    )
    assert packed.song_files == 3
    assert sorted(map(str, read_songs(packed))) == sorted(map(str, songs))


@pytest.mark.parametrize("songs", [0, 1])
def test_smallest_simulation_has_an_event(tmp_path: Path, songs: int) -> None:
    """One user on one day, with one song or none, is a simulation too."""
    smallest = simulate(tmp_path, users=1, days=1, songs=songs, seed=3)
    assert smallest.events > 0
    assert smallest.log_files == 1
    assert smallest.song_files == songs
    assert smallest.song_data.is_dir()


def test_start_is_the_first_day(tmp_path: Path) -> None:
    """The first file is that of the start, the last within the days asked for."""
    leap = simulate(
        tmp_path, users=20, days=2, songs=0, seed=3, start=date(2024, 2, 28)
    )
    names = [path.name for path in log_paths(leap)]
    assert names == ["2024-02-28-events.json", "2024-02-29-events.json"]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("users", 0),
        ("days", 0),
        ("songs", -1),
        ("songs_per_file", 0),
        ("seed", -1),
        ("start", date(1970, 12, 31)),
        ("start", date.max),
    ],
)
def test_impossible_arguments_are_refused(
    tmp_path: Path, argument: str, value: object
) -> None:
    """An impossible argument is told in a sentence, and nothing is written."""
    arguments: dict[str, Any] = {"users": 1, "days": 1, "songs": 1, "seed": 1}
    with pytest.raises(ValueError, match=r"\w+ .* \S+\.$"):
        simulate(tmp_path, **arguments | {argument: value})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("folder", ["log_data", "song_data"])
def test_folder_in_use_is_refused(tmp_path: Path, folder: str) -> None:
    """Files that are there already stay as they are, alone."""
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "kept.json").write_text("{}")
    with pytest.raises(FileExistsError, match=f"{folder} is not an empty folder"):
        simulate(tmp_path, users=1, days=1, songs=1, seed=1)
    assert [path.name for path in tmp_path.rglob("*")] == [folder, "kept.json"]
