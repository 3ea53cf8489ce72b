"""Look at a bucket of a million known objects, as `sparkify watch` does.

`python -m bench.poll serve` lists made-up objects as S3 does and prints its address;
`fill CONFIG` puts all of them into the ledger; `look CONFIG` looks and prints what each
look cost; `list URL` does what no look can do without: obstore lists the objects.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

BUCKET = "sparkify-poll"
LOGS, SONGS = 100_000, 900_000
A_DAY = 100
_PAGE = 1000
_RECENT_LOOKS = 5


def keys() -> Iterator[str]:
    """Logs of 1,000 days, and songs in folders of three letters."""
    for number in range(LOGS):
        day = date(2018, 1, 1) + timedelta(days=number // A_DAY)
        yield f"log_data/{day:%Y/%m/%Y-%m-%d}-events-{number % A_DAY:02}.json"
    for number in range(SONGS):
        a, b, c = (chr(65 + number // step % 26) for step in (1, 26, 676))
        yield f"song_data/{a}/{b}/{c}/TR{number:016}.json"


def etag(key: str) -> str:
    """The ETag of a made-up object."""
    return f'"{md5(key.encode(), usedforsecurity=False).hexdigest()}"'


def serve() -> None:
    """Answer ListObjectsV2 until the end."""
    known = sorted(keys())

    class Lister(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = {name: one for name, [one] in parse_qs(self.path_query).items()}
            body = _page(known, asked).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @property
        def path_query(self) -> str:
            return urlsplit(self.path).query

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Lister)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def _page(known: list[str], asked: dict[str, str]) -> str:
    prefix = asked.get("prefix", "")
    after = asked.get("continuation-token") or asked.get("start-after") or ""
    first = max(bisect_left(known, prefix), bisect_right(known, after))
    last = bisect_left(known, prefix + "\U0010ffff")
    page = known[first : min(first + _PAGE, last)]
    more = first + _PAGE < last
    token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{BUCKET}</Name><KeyCount>{len(page)}</KeyCount><MaxKeys>1000</MaxKeys>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}"
        + "".join(
            f"<Contents><Key>{key}</Key><Size>250</Size>"
            "<LastModified>2018-12-01T00:00:00.000Z</LastModified>"
            f"<ETag>{etag(key).replace(chr(34), '&quot;')}</ETag>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key in page
        )
        + "</ListBucketResult>"
    )


def fill(config: Path) -> None:
    """Make a warehouse that has loaded them all."""
    from sparkify import ledger
    from sparkify.config import load_settings
    from sparkify.ledger import Load, ReadFile
    from sparkify.pipeline import Pipeline
    from sparkify.sources.files import SourceFile

    pipeline = Pipeline(load_settings(config))
    pipeline.create_tables()
    files = tuple(
        ReadFile(
            SourceFile(
                "events" if key.startswith("log") else "songs",
                f"s3://{BUCKET}/{key}",
                250,
                1_543_622_400_000_000_000,
                etag(key),
            ),
            "0" * 64,
            records=1,
        )
        for key in keys()
    )
    load = Load(ledger.new_id(), ledger.new_id(), "load", files=files)
    with pipeline.engine.session(), pipeline.engine.transaction():
        ledger.record(pipeline.engine, pipeline.models, load)


def look(config: Path) -> None:
    """Look at all, then several times at what is recent; the CPU seconds of each."""
    from sparkify.config import load_settings
    from sparkify.watch import make_watcher
    from sparkify.watch.watcher import Look

    found: list[Look] = []
    watcher = make_watcher(load_settings(config), tell=found.append)
    costs = [_cost(watcher.look) for _ in range(1 + _RECENT_LOOKS)]
    assert [each.kind for each in found] == ["full", *["recent"] * _RECENT_LOOKS]
    assert not [each.error for each in found if each.error]
    assert found[0].result.discovered == LOGS + SONGS
    # The first recent look asks the ledger, too.
    print(
        json.dumps(
            {
                "full look": costs[0],
                "recent look, the first": costs[1],
                "recent look": sorted(costs[2:])[len(costs[2:]) // 2],
                "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def list_all(url: str) -> None:
    """List them by obstore, and drop them."""
    from bench.bucket import obstore_store
    from examples.seaweed import ADMIN

    store = obstore_store(url, ADMIN, BUCKET)

    def run() -> None:
        for prefix in ("log_data", "song_data"):
            for page in store.list(prefix, chunk_size=_PAGE, return_arrow=True):
                del page

    print(json.dumps({"obstore lists them": _cost(run)}))


def _cost(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Do what the first argument says."""
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["fill", config]:
            fill(Path(config))
        case ["look", config]:
            look(Path(config))
        case ["list", url]:
            list_all(url)


if __name__ == "__main__":
    main()
