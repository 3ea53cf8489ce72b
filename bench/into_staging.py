"""Copy the events of log files into staging.events of PostgreSQL, in one of two ways.

`python -m bench.into_staging sparkify LOG_DATA CONFIG` as a run does it, judged and
counted; `python -m bench.into_staging orjson LOG_DATA DSN` row by row in Python, values
cast as the server likes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

LOAD_ID = 1
_SPECIAL = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def by_sparkify(log_data: str, config: str) -> int:
    """Read, judge and copy the files, as a load does before its transform."""
    from sparkify.config import load_settings
    from sparkify.pipeline import Pipeline
    from sparkify.sources.spool import spool

    pipeline = Pipeline(load_settings(Path(config)))
    engine, models, sources = pipeline.engine, pipeline.models, pipeline.sources
    files = list(sources.below("events", log_data))
    with spool(None, pipeline.settings.spool_bytes) as local:
        inputs = sources.extract(files, local, engine.reads).inputs
        with engine.session(), engine.transaction():
            rows, _ = engine.copy(
                models.table("staging.events"),
                inputs,
                LOAD_ID,
                models.table("control.rejects"),
            )
    return rows


def by_orjson(log_data: str, dsn: str) -> int:
    """Parse each line, and let copy_expert read the rows."""
    import psycopg2

    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.copy_expert("copy staging.events from stdin", _Rows(log_data))  # type: ignore[arg-type]  # it only reads
        return cursor.rowcount


class _Rows:
    """What COPY reads: the records of files as rows of text."""

    def __init__(self, log_data: str) -> None:
        self._lines = self._rows(log_data)

    def read(self, size: int) -> str:
        """About `size` characters; none at the end."""
        lines = []
        while size > 0 and (line := next(self._lines, "")):
            lines.append(line)
            size -= len(line)
        return "".join(lines)

    @staticmethod
    def _rows(log_data: str) -> Iterator[str]:
        import orjson

        from sparkify.models import load_models

        keys = load_models().table("staging.events").json_keys
        for path in sorted(Path(log_data).rglob("*.json")):
            with path.open("rb") as lines:
                for line in lines:
                    record = orjson.loads(line)
                    yield (
                        "\t".join([_cell(record[key]) for key in keys])
                        + f"\t{LOAD_ID}\n"
                    )


def _cell(value: object) -> str:
    return r"\N" if value is None else str(value).translate(_SPECIAL)


if __name__ == "__main__":
    way, *arguments = sys.argv[1:]
    print({"sparkify": by_sparkify, "orjson": by_orjson}[way](*arguments))
