"""What is listed between full listings: the newest dates, and what sorts after."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from sparkify.sources import folder
from sparkify.watch.recent import Recent


def after(*names: str) -> str:
    """From where on a location `/x` with these files is listed."""
    recent = Recent("/x/")
    for name in sorted(names):
        recent.note(f"/x/{name}")
    return recent.after.removeprefix("/x/")


DAYS = [date(2018, 11, 28) + timedelta(days=day) for day in range(6)]


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("{0:%Y/%m/%Y-%m-%d}-events.json", "2018/12/2018-12-01"),
        ("{0:%Y/%m/%d}/part-{1}.json", "2018/12/01"),
        ("year={0:%Y}/month={0:%m}/day={0:%d}/{1}.json", "year=2018/month=12/day=01"),
        ("{0:%Y%m%d}.{1}.json.gz", "20181201"),
        ("dt={0:%Y-%m-%d}/{1}.json", "dt=2018-12-01"),
        ("app/{0:%Y-%m-%d}.json", "app/2018-12-01"),
        ("{0:%Y/%m/%d}/13/2018-{1}.json", "2018/12/01"),
    ],
)
def test_three_newest_dates_are_recent(layout: str, expected: str) -> None:
    """However a date is written, and however many files it has."""
    names = [layout.format(day, part) for day in DAYS for part in range(2)]
    assert after(*names) == expected


def test_without_dates_what_sorts_after_is_recent() -> None:
    """A library of songs grows anywhere, but a listing may begin at its end."""
    assert after("A/TRA1.json", "B/TRB2.json") == "B/TRB2.json"


def test_series_are_told_apart() -> None:
    """The newest dates of each app count; the listing starts at the first of them."""
    names = [f"{app}/{day}.json" for app in ("a", "b") for day in DAYS]
    assert after(*names) == "a/2018-12-01"
    assert after(*names, "zzz.json") == "a/2018-12-01"


def test_all_is_recent_where_nothing_tells() -> None:
    """An empty place, and one with too many series, are listed whole."""
    assert after() == ""
    assert after(*(f"{number:03}-2018-11-01.json" for number in range(200))) == ""


def test_date_of_the_location_is_none_of_its_files() -> None:
    """A folder that is named by a date holds songs as any other."""
    recent = Recent("/2018-11-01/songs")
    recent.note("/2018-11-01/songs/A/TRA1.json")
    assert recent.after == "/2018-11-01/songs/A/TRA1.json"


@pytest.mark.parametrize(
    "start", ["", "a", "a/b", "a/b/2.json", "a-b", "a/b/9", "b", "z"]
)
def test_folder_is_walked_from_a_path_on(tmp_path: Path, start: str) -> None:
    """As if all were listed and the first ones left out."""
    for name in (
        "a.json",
        "a-b/1.json",
        "a/b/1.json",
        "a/b/2.json",
        "a/c/d/3.json",
        "b/4.json",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    uris = [file.uri for file in folder.discover("songs", str(tmp_path))]
    place = f"{tmp_path}/{start}" if start else ""
    some = folder.discover("songs", str(tmp_path), after=place)
    assert [file.uri for file in some] == [uri for uri in uris if uri > place]


def test_folders_before_are_not_read(tmp_path: Path) -> None:
    """What lies before the start costs nothing: its folder is not even opened."""
    for day in DAYS:
        path = tmp_path / f"{day:%Y/%m/%d}" / "1.json"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    # A link to a folder above is an error to whoever opens it.
    (tmp_path / "2018/11/29/loop").symlink_to(tmp_path)
    start = f"{tmp_path}/2018/12/01"
    found = [file.uri for file in folder.discover("events", str(tmp_path), after=start)]
    assert found == [f"{tmp_path}/2018/12/{day}/1.json" for day in ("01", "02", "03")]
