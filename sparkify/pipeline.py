"""A run from top to bottom: the only place that knows the order, and that commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sparkify import checks, ledger, lookups, schema
from sparkify.checks import CheckResult
from sparkify.config import Settings, require
from sparkify.engines import make_engine
from sparkify.engines.base import InputRefusedError, Parameters
from sparkify.errors import DataRefused, TransientError, WarehouseBusy
from sparkify.models import Models, Table, load_models, without_comments
from sparkify.sources import Sources
from sparkify.sources.files import Input, SourceFile, batches
from sparkify.sources.spool import Spool, spool
from sparkify.sources.strict import rewrite

Notify = Callable[[str], None]


@dataclass
class Changes:
    """Rows of a table that a load changed."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def count(self, statement: str, rows: int) -> None:
        """Add what a statement did."""
        match without_comments(statement).split(maxsplit=1)[0]:
            case "insert":
                self.inserted += rows
            case "update":
                self.updated += rows
            case "delete":
                self.deleted += rows

    def settle(self) -> None:
        """Rows that were deleted and came back were updated."""
        both = min(self.inserted, self.deleted)
        self.inserted -= both
        self.deleted -= both
        self.updated += both


@dataclass
class LoadResult:
    """A committed load, and how long it took."""

    load: ledger.Load
    seconds: float
    changes: dict[str, Changes]
    checks: list[CheckResult]


@dataclass
class RunResult:
    """What a run found and loaded."""

    discovered: int = 0
    loads: list[LoadResult] = field(default_factory=list)


class Pipeline:
    """The pipeline of one configuration. Every method raises SparkifyError.

    `notify` is told each step, for a person who waits.
    """

    def __init__(self, settings: Settings, notify: Notify | None = None) -> None:
        self.settings = settings
        self.models: Models = load_models(settings.schema_prefix)
        self.engine = make_engine(settings)
        self.sources = Sources(settings)
        self._notify = notify or _silent

    def create_tables(self, *, reset: bool = False) -> list[str]:
        """Create what is missing; the names of the new tables."""
        with self.engine.session():
            return schema.create(self.engine, self.models, reset=reset)

    def run(self) -> RunResult:
        """Load all that is pending, batch by batch; what was committed stays."""
        require(self.settings, "log_data", "song_data")
        result = RunResult()
        try:
            self._load_pending(result)
        except TransientError as error:
            if not _helps(error):
                raise
            self._try_again(result)
        return result

    def check(self) -> list[CheckResult]:
        """Run every check on the whole warehouse."""
        with self.engine.session(read_only=True):
            schema.verify(self.engine, self.models)
            scope = _scope(0, ledger.head(self.engine, self.models))
            for table in self.models.transform:
                if table.schema == "work":
                    for statement in table.load:
                        self.engine.execute(statement, scope)
            return list(checks.run_checks(self.engine, self.models, scope))

    def load(self, batch: Sequence[SourceFile], head: int) -> LoadResult:
        """Load a batch of files of one revision in one transaction.

        `head` is the newest load when the batch was made. On an error the warehouse is
        as it was.
        """
        with spool(self.settings.spool_folder, self.settings.spool_bytes) as local:
            self._notify(f"reading {len(batch):,} files")
            inputs, hashes = self.sources.extract(batch, local)
            with self.engine.session():
                try:
                    return self._attempt(inputs, hashes, head)
                except InputRefusedError:
                    self._notify("reading record by record")
                    return self._attempt(self._strictly(inputs, local), hashes, head)

    def _load_pending(self, result: RunResult) -> None:
        self._notify("looking for new files")
        files = list(self.sources.discover())
        result.discovered = len(files)
        with self.engine.session():
            schema.verify(self.engine, self.models)
            head = ledger.head(self.engine, self.models)
            pending = ledger.pending(
                self.engine, self.models, files, self.sources.content_hash
            )
        for batch in batches(pending, self.settings.batch_bytes):
            loaded = self.load(batch, head)
            head = loaded.load.load_id
            result.loads.append(loaded)

    def _try_again(self, result: RunResult) -> None:
        # Imported here: it costs more than a whole run that has nothing to do.
        import stamina

        for attempt in stamina.retry_context(on=_helps, attempts=4, timeout=120):
            with attempt:
                self._load_pending(result)

    def _attempt(
        self, inputs: list[Input], hashes: dict[str, str], head: int
    ) -> LoadResult:
        """One transaction: is it loaded? load it, record it, check it, commit."""
        load = ledger.Load(
            ledger.new_load_id(head), "load", inputs[0].files[0].revision
        )
        scope = _scope(load.load_id, load.load_id, load.revision)
        began = time.monotonic()
        try:
            with self.engine.transaction():
                ledger.hold(self.engine, self.models, head)
                changes = self._copy(inputs, load.load_id)
                self.sources.verify_unchanged(inputs)
                changes |= self._transform(scope)
                rejected = ledger.rejected_by_uri(
                    self.engine, self.models, load.load_id
                )
                load = replace(load, files=_accounts(inputs, hashes, rejected))
                results = self._finish(load, scope)
        except DataRefused as error:
            with self.engine.transaction():
                ledger.record_attempt(self.engine, self.models, load.load_id, error)
            raise
        return LoadResult(load, time.monotonic() - began, changes, results)

    def _copy(self, inputs: list[Input], load_id: int) -> dict[str, Changes]:
        changes: dict[str, Changes] = {}
        rejects = self.models.table("control.rejects")
        for table, group in self._groups(inputs):
            self._notify(f"copying into {table.full_name}")
            staged = self.engine.copy(table, group, load_id, rejects)
            changes.setdefault(table.full_name, Changes()).inserted += staged
        return changes

    def _transform(self, scope: Parameters) -> dict[str, Changes]:
        """Bring the star up to date with the loads of `scope`."""
        changes: dict[str, Changes] = {}
        for table in self.models.transform:
            done = Changes()
            if table.schema != "work":
                self._notify(f"building {table.full_name}")
                changes[table.full_name] = done
            if table.name == "song_texts":
                done.inserted = lookups.add_song_texts(self.engine, self.models)
            for statement in table.load:
                done.count(statement, self.engine.execute(statement, scope))
            done.settle()
        return changes

    def _finish(self, load: ledger.Load, scope: Parameters) -> list[CheckResult]:
        """Record the load and prove it; the last statements before the commit."""
        ledger.record(self.engine, self.models, load)
        self._notify("checking")
        results = list(checks.run_checks(self.engine, self.models, scope))
        checks.refuse(results)
        checks.record(self.engine, self.models, load.load_id, results)
        self._notify("committing")
        return results

    def _groups(self, inputs: Sequence[Input]) -> Iterator[tuple[Table, list[Input]]]:
        """Inputs by the staging table they go to, plain ones apart from strict ones."""
        for name in ("songs", "events"):
            for strict in (False, True):
                group = [i for i in inputs if i.dataset == name and i.strict is strict]
                if group:
                    yield self.models.table(f"staging.{name}"), group

    def _strictly(self, inputs: list[Input], local: Spool) -> list[Input]:
        """The inputs, with those the engine refuses split by the strict reader."""
        readable = list(inputs)
        for table, group in self._groups(inputs):
            for each in self.engine.suspects(table, group):
                keys = frozenset(table.json_keys)
                strict = rewrite(each, keys, local.path)
                local.claim(Path(strict.path).stat().st_size)
                readable[readable.index(each)] = strict
        return readable


def _silent(step: str) -> None:
    """Tell nobody."""


def _helps(error: Exception) -> bool:
    """Whether trying again at once may help; for a lock, a session has waited."""
    return isinstance(error, TransientError) and not isinstance(error, WarehouseBusy)


def _scope(first_load_id: int, last_load_id: int, revision: int = 0) -> Parameters:
    """The loads whose rows a statement reads, and the revision of a new one."""
    return {
        "first_load_id": first_load_id,
        "last_load_id": last_load_id,
        "revision": revision,
    }


def _accounts(
    inputs: Sequence[Input], hashes: dict[str, str], rejected: dict[str, int]
) -> tuple[ledger.LoadedFile, ...]:
    return tuple(
        ledger.LoadedFile(file, hashes[file.uri], records, rejected.get(file.uri, 0))
        for each in inputs
        for file, records in zip(each.files, each.records, strict=True)
    )
