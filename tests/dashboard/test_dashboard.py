"""The dashboard answers, keeps to itself, and stands while a load runs."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import duckdb
import pytest
from starlette.testclient import TestClient

from sparkify.config import Settings
from sparkify.dashboard import reader, server
from sparkify.dashboard.assets import ASSETS
from sparkify.dashboard.page import METRICS
from sparkify.dashboard.static import as_html
from sparkify.errors import ConfigError, TransientError, WarehouseBusy
from sparkify.metrics import Filters
from sparkify.report.document import Document

if TYPE_CHECKING:
    from conftest import Warehouse

HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)> <b>"x"</b>'
DAY = 86_400_000
START = 1_541_030_400_000  # 2018-11-01


def event(user: int, day: int, item: int, **more: object) -> dict[str, object]:
    """A play of a user on a day."""
    return {
        "userId": str(user),
        "sessionId": 100 * user + day,
        "itemInSession": item,
        "ts": START + day * DAY + item * 60_000,
        "firstName": "Secretname",
        "song": HOSTILE,
        "artist": HOSTILE,
        "location": "San Francisco-Oakland-Hayward, CA",
        **more,
    }


@pytest.fixture(scope="module")
def loaded(new_warehouse: Callable[[str], Warehouse]) -> Warehouse:
    """Ten users on ten days, the songs named as badly as can be."""
    warehouse = new_warehouse("duckdb")
    for day in range(10):
        warehouse.write(
            "events",
            f"2018-11-{day + 1:02}-events.json",
            [
                event(user, day, item)
                for user in range(1, 11)
                for item in range(1 + user % 3)
            ],
        )
    warehouse.run()
    return warehouse


@pytest.fixture
def client(loaded: Warehouse) -> TestClient:
    """Asks the dashboard of that warehouse."""
    return asking(loaded.settings)


def asking(settings: Settings) -> TestClient:
    """Asks the dashboard, as a browser on this machine does."""
    return TestClient(server.make_app(settings), base_url="http://127.0.0.1")


@contextmanager
def load_running(warehouse: Warehouse) -> Iterator[None]:
    """Somebody else has the warehouse open, and has changed it."""
    connection = duckdb.connect(str(warehouse.settings.path))
    try:
        connection.execute("create or replace table main.running (one integer)")
        connection.execute("checkpoint")
        yield
    finally:
        connection.close()


def test_the_page_answers_every_question(client: TestClient) -> None:
    """Each card has a question, a sentence and a table, without a script run."""
    page = client.get("/?last=28").text
    for name in ("songs", "activity", "growth", "week_hours", "demographics", "states"):
        assert f'id="{name}"' in page
    assert page.count('class="answer"') == page.count("<section")
    assert "10 users listened" in page


def test_titles_do_nothing(client: TestClient) -> None:
    """Text of the data is neither a tag nor a script, in HTML or in the charts."""
    page = client.get("/").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    for block in re.findall(r'type="application/json"[^>]*>(.*?)</script>', page):
        assert "<" not in block
        assert "<b>" not in json.dumps(json.loads(block))


def test_nobody_is_named(client: TestClient) -> None:
    """Names of users are nowhere, nor their ids."""
    for address in ("/", "/download/songs.csv", "/download/demographics.json"):
        assert "Secretname" not in client.get(address).text


def test_a_song_and_an_artist_have_pages(client: TestClient) -> None:
    """The chart leads to the song, and to the artist, with the filters kept."""
    page = client.get("/?level=free").text
    song = re.search(r'href="(/song/-?\d+\?[^"]*)"', page)
    artist = re.search(r'href="(/artist\?[^"]*)"', page)
    assert song
    assert artist
    for found in (song[1], artist[1]):
        address = found.replace("&amp;", "&")
        assert "level=free" in address
        answer = client.get(address)
        assert answer.status_code == 200
        assert "Most on 2018-11-" in answer.text


def test_an_artist_may_have_our_name(new_warehouse: Callable[[str], Warehouse]) -> None:
    """The artist Sparkify has a page of its own, and is not the page of all."""
    warehouse = new_warehouse("duckdb")
    rows = [event(user, 0, 0, artist="Sparkify") for user in range(5)]
    warehouse.write("events", "2018-11-01-events.json", rows)
    warehouse.run()
    answer = asking(warehouse.settings).get("/artist?name=Sparkify")
    assert answer.status_code == 200
    assert "All questions" in answer.text
    assert "<footer>" not in answer.text


def test_unknown_song_is_told(client: TestClient) -> None:
    """A song that nobody played is an answer, one that cannot be is refused."""
    assert "no plays in this period" in client.get("/song/-5").text
    assert client.get(f"/song/{2**63}").status_code == 400


@pytest.mark.parametrize(
    "asked",
    [
        "level=gold",
        "gender=X",
        "state=California",
        "from=yesterday",
        "last=0",
        "last=many",
        "last=99999999999999999999",
        "from=2018-11-30&to=2018-11-01",
        "from=1018-11-30",
        "tz=Mars/Olympus",
        "tz=../../etc/passwd",
        "week_start=someday",
    ],
)
def test_bad_filters_are_refused(client: TestClient, asked: str) -> None:
    """What cannot be meant is a sentence and 400."""
    answer = client.get(f"/?{asked}")
    assert answer.status_code == 400
    assert "cannot be answered" in answer.text


def test_few_people_are_not_shown(client: TestClient) -> None:
    """Filters that leave under five people show none of them, nor does a download."""
    asked = "from=2018-11-01&to=2018-11-01&state=NV"
    assert "too few to show" in client.get(f"/?{asked}").text
    assert client.get(f"/download/songs.csv?{asked}").status_code == 400
    for address in ("/artist?name=a&", "/song/1?"):
        assert "too few to show" in client.get(f"{address}{asked}").text


@pytest.fixture
def few(new_warehouse: Callable[[str], Warehouse]) -> TestClient:
    """14 women in California and a man in Nevada; two of all play a rare song."""
    warehouse = new_warehouse("duckdb")
    for day in range(14):
        rows = [event(user, day, 0, song="usual", artist="a") for user in range(14)]
        rows.append(
            event(90, day, 0, gender="M", location="Reno, NV", song="usual", artist="a")
        )
        rows += [event(user, day, 1, song="=rare", artist="=b") for user in (1, 90)]
        rows[-1]["gender"] = "M"
        rows[-1]["location"] = "Reno, NV"
        # in the first week, only one of the women is on level paid
        level = 1 if day < 7 else 6
        for row in rows[:level]:
            row["level"] = "paid"
        warehouse.write("events", f"2018-11-{day + 1:02}-events.json", rows)
    warehouse.run()
    return asking(warehouse.settings)


FORTNIGHT = "from=2018-11-01&to=2018-11-14"


@pytest.mark.parametrize(
    "asked",
    ["gender=M", "state=NV", "gender=F", "state=CA", "gender=F&state=CA"],
)
def test_what_all_do_tells_nobody_apart(few: TestClient, asked: str) -> None:
    """Neither a filter that picks out one, nor one that leaves out one, is answered."""
    assert "too few to show" in few.get(f"/?{FORTNIGHT}&{asked}").text
    assert few.get(f"/download/summary.csv?{FORTNIGHT}&{asked}").status_code == 400


def test_few_are_in_no_row_of_a_filtered_page(few: TestClient) -> None:
    """A rare song, a small cohort, a period before of one: all left out, files too."""
    asked = "from=2018-11-08&to=2018-11-14&level=paid"
    page = few.get(f"/?{asked}")
    assert "vs previous" not in page.text
    summary = few.get(f"/download/summary.json?{asked}").json()
    current, previous = summary["metrics"]["summary"]["rows"]
    assert current["listeners"] == 6
    assert previous["listeners"] is None
    changes = few.get(f"/download/subscriptions.json?{asked}").json()
    current, previous = changes["metrics"]["subscriptions"]["rows"]
    assert current["upgrades"] >= 5
    assert (current["paid_at_start"], current["churn"]) == (None, None)
    assert {v for k, v in previous.items() if k != "period"} == {None}
    growth = few.get(f"/download/growth.json?{asked}").json()
    assert growth["metrics"]["growth"]["rows"][0]["retained"] is None
    songs = few.get(f"/download/songs.json?{FORTNIGHT}&level=paid").json()
    assert [row["song"] for row in songs["metrics"]["songs"]["rows"]] == ["usual"]
    unfiltered = few.get(f"/download/songs.json?{FORTNIGHT}").json()
    assert len(unfiltered["metrics"]["songs"]["rows"]) == 2


def test_the_whole_tells_nobody_of_a_place(few: TestClient) -> None:
    """The one in Nevada is not told by what is left of all plays, nor the man."""
    for name, rows in (("states", 0), ("metros", 0), ("demographics", 1)):
        found = few.get(f"/download/{name}.json?{FORTNIGHT}").json()
        assert len(found["metrics"][name]["rows"]) == rows, name


def test_the_page_of_a_rare_song_tells_of_nobody(few: TestClient) -> None:
    """Whether few or nobody: a filter gets the same answer, and no time is told."""
    page = few.get(f"/?{FORTNIGHT}").text
    [rare] = re.findall(r'href="(/song/[^?]*)[^"]*">=rare', page)
    told = few.get(f"{rare}?{FORTNIGHT}").text
    assert "28 plays by 2 listeners" in told
    assert "<td>–</td>" in told
    for address in (rare, "/song/1", "/artist"):
        for level in ("free", "paid"):
            asked = f"{address}?name=%3Db&{FORTNIGHT}&level={level}"
            assert "too few to show" in few.get(asked).text


def test_an_artist_of_many_rare_songs_has_a_page(
    new_warehouse: Callable[[str], Warehouse],
) -> None:
    """Five listen to the artist, to no song of whom five do: no song is told."""
    warehouse = new_warehouse("duckdb")
    rows = [event(user, 0, 0, song=f"{user}", artist="a") for user in range(12)]
    rows += [event(user, 0, 0, level="paid", artist="b") for user in range(20, 30)]
    warehouse.write("events", "2018-11-01-events.json", rows)
    warehouse.run()
    asked = asking(warehouse.settings).get
    for address in ("/?level=free", "/artist?name=a&level=free"):
        page = asked(f"{address}&from=2018-11-01&to=2018-11-01")
        assert page.status_code == 200
        assert "Nothing that 5 listeners of those asked have in common" in page.text


def test_a_spreadsheet_runs_no_title(few: TestClient) -> None:
    """CSV of the page is for spreadsheets; JSON is as the data is."""
    assert "'=rare,'=b" in few.get(f"/download/songs.csv?{FORTNIGHT}").text
    assert '"song": "=rare"' in few.get(f"/download/songs.json?{FORTNIGHT}").text


def test_what_a_song_and_an_artist_do_can_be_downloaded(few: TestClient) -> None:
    """Each link of their pages leads to the rows that stand there."""
    page = few.get(f"/?{FORTNIGHT}").text
    song = re.search(r'href="(/song/[^"]*)"', page)
    assert song
    for address in (song[1], "/artist?name=a&last=14"):
        text = few.get(address.replace("&amp;", "&")).text
        links = re.findall(r'href="(/download/[^"]*)"', text)
        assert len(links) == 4
        for link in links:
            assert few.get(link.replace("&amp;", "&")).status_code == 200


def test_the_form_keeps_what_was_asked(few: TestClient) -> None:
    """A period, and a state, that the form does not offer by itself."""
    page = few.get("/?last=13&state=PR").text
    assert '<option value="13" selected>13 days</option>' in page
    assert "<option selected>PR</option>" in page


def test_a_state_keeps_the_other_filters(client: TestClient) -> None:
    """Who goes on to a state goes on with what was asked."""
    page = client.get("/?last=27&level=free").text
    assert 'href="/?last=27&amp;level=free&amp;state=CA"' in page


def test_definitions_are_a_page(client: TestClient) -> None:
    """The footer leads to what the figures mean."""
    assert 'href="/definitions"' in client.get("/").text
    page = client.get("/definitions").text
    assert "Which songs are listened to the most?" in page
    assert "churn" in page


def test_what_is_not_there_says_so(client: TestClient) -> None:
    """An address with a mistake gets a page as well."""
    for address in ("/nothing", "/song/first", "/song/" + "9" * 5000):
        answer = client.get(address)
        assert answer.status_code in (400, 404)
        assert "<h1>" in answer.text


@pytest.mark.parametrize("name", METRICS)
def test_all_can_be_downloaded(client: TestClient, name: str) -> None:
    """Each metric of the page, as CSV and as JSON."""
    assert client.get(f"/download/{name}.csv").status_code == 200
    found = client.get(f"/download/{name}.json").json()
    assert list(found["metrics"]) == [name]


def test_what_is_not_there_cannot_be_downloaded(client: TestClient) -> None:
    """Metrics that name files or users are not on the page."""
    for name in ("rejects.csv", "songs.exe", "nothing.json"):
        assert client.get(f"/download/{name}").status_code == 400


def test_nothing_but_get(client: TestClient) -> None:
    """The dashboard changes nothing."""
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.request(method, "/").status_code == 405


def test_headers_are_strict(client: TestClient) -> None:
    """Every answer forbids foreign content, and scripts in the page."""
    for address in ("/", "/?level=gold", "/health", "/static/page.css", "/nothing"):
        headers = client.get(address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_other_names_of_this_machine_are_refused(client: TestClient) -> None:
    """A page of somebody else cannot read ours through a name of its own."""
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_refusals_are_guarded_too(client: TestClient) -> None:
    """Every response has the headers, that to a wrong name as well."""
    for name in ("evil.example", "127.0.0.1"):
        answer = client.get("/nothing", headers={"host": name})
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_others_know_the_host_by_a_name(loaded: Warehouse) -> None:
    """Behind a proxy, or on all addresses, the names are said."""
    app = server.make_app(loaded.settings, "0.0.0.0", names=["sparkify.example"])  # noqa: S104  # not served
    for name, status in (("sparkify.example", 200), ("evil.example", 400)):
        client = TestClient(app, base_url=f"http://{name}:8710")
        assert client.get("/health").status_code == status


def test_an_address_that_is_taken_is_told(loaded: Warehouse) -> None:
    """Nobody is told of a page that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match="give another --host or --port"):
            server.serve(
                loaded.settings,
                "127.0.0.1",
                port,
                None,
                no_auth=False,
                tell=pytest.fail,
            )


def test_ipv6_is_served(loaded: Warehouse) -> None:
    """An address of IPv6 has brackets where it is asked for, and none where told."""
    client = TestClient(
        server.make_app(loaded.settings, "fe80::1"), base_url="http://[fe80::1]:8710"
    )
    assert client.get("/health").status_code == 200


def test_token_is_asked_for(loaded: Warehouse) -> None:
    """Without the token nothing is seen; with it once, a cookie does."""
    token = " ".join(["a token", "of some length"])
    client = TestClient(
        server.make_app(loaded.settings, "0.0.0.0", token),  # noqa: S104  # not served
        base_url="http://warehouse.example",
    )
    assert client.get("/").status_code == 401
    refused = client.get("/?token=wrong")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    [style] = re.findall(r'href="(/static/[^"]*)"', refused.text)
    assert client.get(style).status_code == 200
    beside = client.get(
        "http://warehouse.example//evil.example/",
        params={"token": token},
        follow_redirects=False,
    )
    assert beside.headers["location"] == "/evil.example/"
    client.cookies.clear()
    for scheme in ("Bearer", "bearer"):
        bearer = {"authorization": f"{scheme} {token}"}
        assert client.get("/health", headers=bearer).status_code == 200
    assert client.get("/", params={"token": token}).status_code == 200
    assert client.get("/?last=7").status_code == 200


def test_other_hosts_need_a_guard(loaded: Warehouse, tmp_path: Path) -> None:
    """To be seen by others takes a token, or the word that it need not."""
    with pytest.raises(ConfigError, match="--token-file"):
        server.serve(loaded.settings, "0.0.0.0", 1, None, no_auth=False, tell=print)  # noqa: S104  # refused
    with pytest.raises(ConfigError, match="--allowed-host"):
        server.serve(loaded.settings, "::", 1, None, no_auth=True, tell=print)
    for name in ("https://a.example", "a.example:80", "a.*", "a.example/b"):
        with pytest.raises(ConfigError, match="name or an address alone"):
            server.serve(
                loaded.settings, "::1", 1, None, [name], no_auth=False, tell=print
            )
    foreign = tmp_path / "foreign"
    foreign.write_text("密" * 20, "utf-8")
    with pytest.raises(ConfigError, match="letters and digits"):
        server.serve(
            loaded.settings, "127.0.0.1", 1, foreign, no_auth=False, tell=print
        )
    short = tmp_path / "token"
    short.write_text("short", "utf-8")
    with pytest.raises(ConfigError, match="too short"):
        server.serve(loaded.settings, "127.0.0.1", 1, short, no_auth=False, tell=print)


def test_during_a_load_the_page_of_before_is_served(
    loaded: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that was read is served while a load runs; one that was not says so."""
    monkeypatch.setattr(reader, "_NEXT_TRY", 0.0)
    settings = replace(loaded.settings, lock_wait=0.0)
    client = asking(settings)
    before = client.get("/?last=7")
    with load_running(loaded):
        during = client.get("/?last=7")
        unknown = client.get("/?last=14")
    assert before.status_code == during.status_code == 200
    assert "A load is running" not in before.text
    assert "A load is running" in during.text
    assert unknown.status_code == 503
    assert unknown.headers["retry-after"]
    assert "A load is running" not in client.get("/?last=7").text


def test_who_asks_for_what_is_kept_waits_for_nobody(
    loaded: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another page is read, for as long as that takes."""
    client = asking(loaded.settings)
    kept = client.get("/").text
    reads, goes_on = Event(), Event()

    def slow(*_: object, **__: object) -> Document:
        reads.set()
        assert goes_on.wait(60)
        raise WarehouseBusy("Later.")

    monkeypatch.setattr(reader, "collect", slow)
    with ThreadPoolExecutor(1) as others:
        other = others.submit(client.get, "/?last=3")
        assert reads.wait(60)
        try:
            assert client.get("/").text == kept
        finally:
            goes_on.set()
        assert other.result().status_code == 503


def test_a_load_is_looked_for_once_for_all(
    loaded: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one runs, those who come later do not wait for it again, each."""
    monkeypatch.setattr(reader, "_NEXT_TRY", 60.0)
    client = asking(replace(loaded.settings, lock_wait=0.0))
    client.get("/")
    tries = []

    def busy(*_: object, **__: object) -> Document:
        tries.append(1)
        raise WarehouseBusy("A load has it.")

    monkeypatch.setattr(reader, "collect", busy)
    assert client.get("/?last=3").status_code == 503
    assert client.get("/?last=4").status_code == 503
    os.utime(loaded.settings.path)
    assert "A load is running" in client.get("/").text
    assert len(tries) == 1


def test_a_server_that_is_away_is_no_load(
    loaded: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What keeps us from newer figures is told as it is."""
    client = asking(loaded.settings)
    client.get("/")

    def away(*_: object, **__: object) -> Document:
        raise TransientError("The server does not answer.")

    monkeypatch.setattr(reader, "collect", away)
    fresh = client.get("/?last=3")
    assert fresh.status_code == 503
    assert "does not answer" in fresh.text
    os.utime(loaded.settings.path)
    kept = client.get("/")
    assert kept.status_code == 200
    assert "older figures: The server does not answer" in kept.text


def test_many_who_wait_leave_room_for_others(
    loaded: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than may wait are told at once, and what needs no look is answered."""
    monkeypatch.setattr(reader, "_WAITING", 1)
    client = asking(loaded.settings)
    reads, goes_on = Event(), Event()

    def slow(*_: object, **__: object) -> Document:
        reads.set()
        assert goes_on.wait(60)
        raise WarehouseBusy("Later.")

    monkeypatch.setattr(reader, "collect", slow)
    with ThreadPoolExecutor(1) as others:
        other = others.submit(client.get, "/?last=3")
        assert reads.wait(60)
        try:
            assert "Too many ask" in client.get("/?last=4").text
            assert client.get("/health").status_code == 200
        finally:
            goes_on.set()
        other.result()


def test_a_fault_of_ours_is_guarded_too(
    loaded: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that cannot be made says so, with the headers of all others."""
    monkeypatch.setattr(server, "render", lambda *_, **__: 1 // 0)
    client = TestClient(
        server.make_app(loaded.settings),
        base_url="http://127.0.0.1",
        raise_server_exceptions=False,
    )
    answer = client.get("/")
    assert answer.status_code == 500
    assert "fault of ours" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_what_was_committed_in_the_log_is_seen(loaded: Warehouse) -> None:
    """A run that was killed leaves its last commit beside the file."""
    client = asking(loaded.settings)
    client.get("/")
    log = loaded.settings.path.with_name(f"{loaded.settings.path.name}.wal")
    read = reader.Reader(loaded.settings)
    before = read._state()
    log.touch()
    try:
        assert read._state() != before
    finally:
        log.unlink()


def test_the_usual_page_is_read_when_the_server_starts(loaded: Warehouse) -> None:
    """Who asks first does not wait: here not even for a load that has begun since."""
    app = server.make_app(replace(loaded.settings, lock_wait=0.0))
    with TestClient(app):
        pass  # started and stopped, and not asked
    with load_running(loaded):
        usual = TestClient(app, base_url="http://localhost").get("/")
    assert usual.status_code == 200
    assert "A load is running" in usual.text


def test_a_load_makes_the_page_new(new_warehouse: Callable[[str], Warehouse]) -> None:
    """What was kept counts until something is loaded."""
    warehouse = new_warehouse("duckdb")
    client = asking(warehouse.settings)
    assert "no data yet" in client.get("/").text
    for day in (0, 1):
        name = f"2018-11-{day + 1:02}-events.json"
        rows = [event(user, day, 0) for user in range(5)]
        warehouse.write("events", name, rows)
        warehouse.run()
        first = client.get("/?from=2018-11-01&to=2018-11-02").text
        assert f">{5 * (day + 1)}<" in first


def test_many_viewers_of_many_loads_see_whole_ones(
    new_warehouse: Callable[[str], Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 people look while a run commits load after load: no error, no half (I10)."""
    warehouse = new_warehouse("duckdb")
    for day in range(4):
        rows = [event(user, day, 0) for user in range(5)]
        warehouse.write("events", f"2018-11-{day + 1:02}-events.json", rows)
    warehouse.run()
    before = 4 * 5
    for day in range(4, 20):
        rows = [event(user, day, 0) for user in range(5)]
        warehouse.write("events", f"2018-11-{day + 1:02}-events.json", rows)
    monkeypatch.setattr(reader, "_NEXT_TRY", 0.0)
    client = asking(warehouse.settings)
    address = "/?from=2018-11-01&to=2018-11-20"
    asked = Event()
    ended = Event()

    def look(_: int) -> list[tuple[int, int]]:
        seen: list[tuple[int, int]] = []
        while not (seen and ended.is_set()):
            page = client.get(address)
            asked.set()
            [plays] = re.findall(r"Plays</\w+>\s*<\w+[^>]*>([0-9,]+)<", page.text)[:1]
            seen.append((page.status_code, int(plays.replace(",", ""))))
        return seen

    with ThreadPoolExecutor(20) as viewers:
        views = [viewers.submit(look, viewer) for viewer in range(20)]
        assert asked.wait(60)
        run = [sys.executable, "-m", "sparkify", "run", "--quiet"]
        run += ["--config", str(warehouse.config)]
        try:
            # so small that each file is a load of its own
            limit = {"SPARKIFY_LOAD_BATCH_BYTES": "100"}
            subprocess.run(run, check=True, env=os.environ | limit)
        finally:
            ended.set()
        seen = {each for view in views for each in view.result()}
    assert {status for status, _ in seen} == {200}
    assert {plays for _, plays in seen} <= set(range(before, 20 * 5 + 1, 5))
    assert f">{20 * 5}<" in client.get(address).text


@pytest.mark.parametrize("users", [1, 6])
def test_little_data_makes_a_sensible_page(
    new_warehouse: Callable[[str], Warehouse], users: int
) -> None:
    """One day, few people, texts missing: every card says something."""
    warehouse = new_warehouse("duckdb")
    warehouse.write(
        "events",
        "2018-11-01-events.json",
        [event(user, 0, 0, song=None, location=None) for user in range(users)],
    )
    warehouse.run()
    client = asking(warehouse.settings)
    for asked in ("", "?last=28", "?from=2018-11-01&to=2018-11-01", "?from=2020-01-01"):
        answer = client.get(f"/{asked}")
        assert answer.status_code == 200
        assert "None" not in answer.text


def test_one_file_holds_the_page(loaded: Warehouse) -> None:
    """The file runs its own two scripts, and leads nowhere."""
    page = as_html(loaded.settings, Filters())
    assert page.count("<script>") == 2
    assert page.count("sha256-") == 2
    for outside in ('src="', '<link rel="stylesheet', 'href="/'):
        assert outside not in page.replace(_plotly(), "")


def _plotly() -> str:
    return ASSETS["plotly.js"].text
