"""Writes docs/matching.md: `make docs`.

How often each way of matching is right, measured by loading songs and plays of which
the truth is known: the labelled ones of tests/matching/, and simulated ones.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sparkify.config import load_settings
from sparkify.pipeline import Pipeline
from sparkify.simulate import simulate

HERE = Path(__file__).parent
PAGE = HERE / "matching.md"
TEMPLATE = HERE / "matching.template.md"
LABELLED = HERE.parent / "tests" / "matching"

SONG_METHODS = ("exact", "title", "folded", "timed")
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Outcome:
    """A text with a length, what it is, and what it was matched to.

    `how` is how its name differs from that of the catalogue.
    """

    how: str
    song_id: str | None
    artist_id: str | None
    found_song_id: str | None
    found_artist_id: str | None
    method: str | None

    @property
    def is_right(self) -> bool:
        """Whether the match is the truth; the artist alone is asked of `artist`."""
        if self.method == "artist":
            return self.found_artist_id == self.artist_id
        return self.found_song_id == self.song_id


def precision(outcomes: Iterable[Outcome], method: str) -> tuple[int, int]:
    """How many a method matched, and how many of them rightly."""
    matched = [each for each in outcomes if each.method == method]
    return len(matched), sum(each.is_right for each in matched)


def recall(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """How many have a song in the catalogue, and how many found it."""
    known = [each for each in outcomes if each.song_id]
    return len(known), sum(each.found_song_id == each.song_id for each in known)


def make_pipeline(folder: Path, source: Path) -> Pipeline:
    """A warehouse in `folder` of the files in `source`."""
    config = folder / "dwh.cfg"
    config.write_text(
        f"[S3]\nLOG_DATA={source}/log_data\nSONG_DATA={source}/song_data\n", "utf-8"
    )
    pipeline = Pipeline(load_settings(config, environment={}))
    pipeline.create_tables()
    return pipeline


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of a labelled table."""
    with (LABELLED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def write_labelled(folder: Path) -> None:
    """Write the labelled songs and plays as source files."""
    for name in ("log_data", "song_data"):
        (folder / name).mkdir()
    songs = (
        {
            "song_id": song["song_id"],
            "artist_id": song["artist_id"],
            "title": song["title"],
            "artist_name": song["artist"],
            "duration": float(song["duration"]),
        }
        for song in read_table("library.tsv")
    )
    plays = (
        {
            "sessionId": 1,
            "itemInSession": number,
            "userId": "1",
            "level": "free",
            "page": "NextSong",
            "ts": 1542000000000 + number,
            "song": play["song"],
            "artist": play["artist"],
            "length": float(play["length"]),
        }
        for number, play in enumerate(read_table("plays.tsv"))
    )
    for path, rows in (("song_data/songs", songs), ("log_data/plays", plays)):
        lines = (json.dumps(row) + "\n" for row in rows)
        (folder / f"{path}.json").write_text("".join(lines), "utf-8")


def labelled_outcomes(pipeline: Pipeline) -> list[Outcome]:
    """What became of the labelled plays, in their order."""
    with pipeline.engine.session(read_only=True):
        found = pipeline.engine.query(
            "select song_id, artist_id, match_method from analytics.songplays "
            "order by item_in_session"
        )
    return [
        Outcome(
            play["why"],
            play["song_id"] or None,
            play["artist_id"] or None,
            *(text and str(text) for text in match),  # type: ignore[arg-type]  # the driver's rows are untyped
        )
        for play, match in zip(read_table("plays.tsv"), found, strict=True)
    ]


def simulated_outcomes(pipeline: Pipeline, truth: Path) -> list[Outcome]:
    """What became of the simulated texts that were played, each once."""
    with pipeline.engine.session(read_only=True):
        rows = pipeline.engine.query(
            "select distinct song, artist, length, song_id, artist_id, match_method "
            "from analytics.songplays"
        )
    found = {row[:3]: row[3:] for row in rows}
    outcomes = []
    for line in truth.read_text("utf-8").splitlines():
        true = json.loads(line)
        match = found.get((true["title"], true["artist"], true["length"]))
        if match:
            outcomes.append(
                Outcome(true["how"], true["song_id"], true["artist_id"], *match)  # type: ignore[arg-type]  # the driver's rows are untyped
            )
    return outcomes


def measure_labelled() -> list[Outcome]:
    """Load the labelled songs and plays."""
    with tempfile.TemporaryDirectory() as folder:
        write_labelled(Path(folder))
        pipeline = make_pipeline(Path(folder), Path(folder))
        pipeline.run()
        return labelled_outcomes(pipeline)


def measure_simulated(seed: int) -> list[Outcome]:
    """Load simulated songs and plays."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        simulate(
            root,
            users=400,
            days=30,
            songs=4000,
            seed=seed,
            songs_per_file=100,
            disturbed=0.4,
        )
        pipeline = make_pipeline(root, root)
        pipeline.run()
        return simulated_outcomes(pipeline, root / "truth.jsonl")


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _by_method(outcomes: Sequence[Outcome]) -> Iterator[tuple[object, ...]]:
    for method in (*SONG_METHODS, "artist"):
        matched, right = precision(outcomes, method)
        yield f"`{method}`", matched, right, _percent(right, matched)


def _by_how(
    outcomes: Sequence[Outcome], groups: Callable[[Outcome], str]
) -> Iterator[tuple[object, ...]]:
    for how in sorted({groups(each) for each in outcomes if each.song_id}):
        known, right = recall(each for each in outcomes if groups(each) == how)
        yield how, known, right, _percent(right, known)


def _wrong(outcomes: Iterable[Outcome]) -> Iterator[tuple[object, ...]]:
    plays = read_table("plays.tsv")
    for play, each in zip(plays, outcomes, strict=True):
        if each.found_song_id != each.song_id:
            yield (
                play["song"],
                play["artist"],
                play["length"],
                each.song_id or "none",
                f"{each.found_song_id or 'none'} ({each.method})",
                each.how,
            )


def document() -> str:
    """The page."""
    labelled = measure_labelled()
    simulated = [each for seed in SEEDS for each in measure_simulated(seed)]
    matched = ("method", "matched", "rightly", "precision")
    known = ("name", "in the catalogue", "found", "recall")
    parts = {
        "labelled_methods": _table(matched, _by_method(labelled)),
        "labelled_recall": _table(known, _by_how(labelled, lambda _: "labelled")),
        "labelled_wrong": _table(
            ("song", "artist", "length", "is", "found", "why it is there"),
            _wrong(labelled),
        ),
        "simulated_methods": _table(matched, _by_method(simulated)),
        "simulated_recall": _table(known, _by_how(simulated, lambda each: each.how)),
    }
    text = TEMPLATE.read_text("utf-8")
    for name, part in parts.items():
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


if __name__ == "__main__":
    PAGE.write_text(document(), "utf-8")
