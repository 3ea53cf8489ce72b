"""A run from top to bottom: the only place that knows the order, and that commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import TypeVar

from sparkify import checks, gates, ledger, lookups, schema
from sparkify.checks import CheckResult
from sparkify.config import Settings, allowed, require, require_apart
from sparkify.engines import make_engine
from sparkify.engines.base import InputRefusedError, Parameters
from sparkify.errors import (
    CheckBroken,
    DataRefused,
    FilesRefused,
    SourceChanged,
    SparkifyError,
    TransientError,
    WarehouseBusy,
)
from sparkify.events import (
    Listener,
    LoadCommitted,
    LoadFailed,
    LoadStarted,
    RunFinished,
    RunStarted,
    StepStarted,
    telling,
)
from sparkify.garbage import rarely_collected
from sparkify.models import Models, Table, load_models, without_comments
from sparkify.sources import Sources
from sparkify.sources.files import EVERY_DAY, Input, Interval, SourceFile, batches
from sparkify.sources.join import Extracted
from sparkify.sources.spool import Spool, spool
from sparkify.sources.strict import rewrite
from sparkify.steps import Changes, Steps

Discover = Callable[[], Iterable[SourceFile]]
_Result = TypeVar("_Result")


@dataclass
class LoadResult:
    """A committed load, and how long it took.

    `shrunk` is the number of its files with fewer records than the version before.
    """

    load: ledger.Load
    seconds: float
    changes: dict[str, Changes]
    checks: list[CheckResult]
    shrunk: int = 0


@dataclass
class RunResult:
    """What a run found and loaded.

    `head` is the newest load in the warehouse. `discovered` files are in the source;
    `outside` is the number of those that stay pending, as of other days than asked for;
    `vanished` is the number of loaded ones that are there no more.
    """

    head: int = 0
    discovered: int = 0
    outside: int = 0
    batches: int = 0
    loads: list[LoadResult] = field(default_factory=list)
    vanished: int = 0

    @property
    def files(self) -> list[ledger.ReadFile]:
        """Files that were loaded."""
        return [f for loaded in self.loads for f in loaded.load.files if not f.refused]

    @property
    def refused(self) -> list[ledger.ReadFile]:
        """Files of which nothing was loaded."""
        return [f for loaded in self.loads for f in loaded.load.files if f.refused]

    @property
    def records(self) -> int:
        """Records of the loaded files, rejected ones among them."""
        return sum(file.records for file in self.files)

    @property
    def rejected(self) -> int:
        """Records of the loaded files that were kept aside."""
        return sum(file.rejected for file in self.files)

    @property
    def shrunk(self) -> int:
        """Loaded files with fewer records than the version before."""
        return sum(loaded.shrunk for loaded in self.loads)

    @property
    def seconds(self) -> float:
        """What the loads took."""
        return sum(loaded.seconds for loaded in self.loads)

    @property
    def warnings(self) -> list[str]:
        """What checks of severity warn found, and files without a good record."""
        found = [checks.warnings(loaded.checks) for loaded in self.loads]
        texts = [text for warned in found for text in warned.values()]
        if self.vanished and not self.discovered:
            texts.append(
                f"none of {self.vanished:,} loaded files is there any more; see that "
                "LOG_DATA and SONG_DATA are where they were."
            )
        unread = [f for f in self.files if f.records and f.rejected == f.records]
        if unread:
            more = f" and {len(unread) - 1:,} more" if len(unread) > 1 else ""
            texts.append(
                f"{unread[0].file.uri}{more}: no record can be accepted; see "
                "`sparkify rejects`, and that LOG_DATA and SONG_DATA are what they "
                "say."
            )
        return texts


class _TooManyRejectsError(Exception):
    """Files that have to be refused as a whole."""

    def __init__(self, files: list[ledger.ReadFile]) -> None:
        super().__init__()
        self.files = files


class Pipeline:
    """The pipeline of one configuration. Every method raises SparkifyError.

    `listeners` are told what happens. `result` is what the run has done so far.
    """

    def __init__(self, settings: Settings, *listeners: Listener) -> None:
        self.settings = settings
        self.models: Models = gates.with_own_checks(
            load_models(settings.schema_prefix), settings
        )
        self.engine = make_engine(settings)
        self.sources = Sources(settings)
        self.result = RunResult()
        self._run_id = 0
        self._committing: LoadResult | None = None
        self._stopping = False
        self._tell = telling(*listeners)

    def create_tables(self, *, reset: bool = False) -> list[str]:
        """Create what is missing; the names of the new tables."""

        def create() -> list[str]:
            with self.engine.session():
                return schema.create(
                    self.engine,
                    self.models,
                    readers=self.settings.grantee,
                    reset=reset,
                )

        return _patiently(create)

    def remedy_of_new_tables(self, new: Sequence[str]) -> str:
        """What to do where a table was made anew and others know of loads; or empty."""
        names = {table.full_name for table in self.models.tables}
        if not new or set(new) == names:
            return ""
        with self.engine.session(read_only=True):
            if not ledger.head(self.engine, self.models):
                return ""
        star = f"{self.models.prefix}analytics."
        if all(name.startswith(star) for name in new):
            what = "`sparkify run --full-refresh` fills it from staging."
        else:
            what = (
                "what it had is gone; `sparkify create-tables --reset` makes all "
                "tables anew, and the next run loads all files."
            )
        return f"{new[0]} is new and empty, though files were loaded before: {what}"

    def run(
        self,
        *,
        retry_refused: bool = False,
        interval: Interval = EVERY_DAY,
        discover: Discover | None = None,
        whole: bool = True,
    ) -> RunResult:
        """Load what is pending, batch by batch; what was committed stays.

        Files of days outside of the interval stay pending. `discover` gives the files
        instead of the sources, by URI; not `whole`, it gives some of them.
        """
        find = discover or self.sources.discover
        with self._running():
            require(self.settings, "log_data", "song_data")
            require_apart(self.settings)
            try:
                _patiently(
                    lambda: self._load_pending(find, retry_refused, interval, whole)
                )
            except KeyboardInterrupt:
                if self._committing:
                    with suppress(SparkifyError), self.engine.session(read_only=True):
                        self._settle()
                raise
        return self.result

    def stop(self) -> None:
        """End the run after the load at hand; safe to call in a signal handler."""
        self._stopping = True

    def full_refresh(self) -> LoadResult:
        """Rebuild the star from staging in one transaction; it changes no row."""
        with self._running():
            return _patiently(self._refresh)

    def _refresh(self) -> LoadResult:
        with self.engine.session():
            schema.verify(self.engine, self.models)
            self._settle()
            if self.result.loads:
                return self.result.loads[0]
            head = ledger.head(self.engine, self.models)
            self.result.head = head
            load = self._new_load(head, "full refresh")
            with self._loading(load) as steps, self.engine.transaction():
                ledger.hold(self.engine, self.models, head)
                schema.empty_star(self.engine, self.models)
                scope = _scope(0, head)
                self._transform(scope, steps)
                done = self._finish(load, scope, steps)
                self._committing = done
            done.seconds = steps.seconds
            self._count(done)
        return done

    def check(self) -> list[CheckResult]:
        """Run every check on the whole warehouse."""
        with self.engine.session(read_only=True):
            schema.verify(self.engine, self.models)
            scope = _scope(0, ledger.head(self.engine, self.models))
            for table in self.models.transform:
                if table.schema == "work":
                    for statement in table.load:
                        self.engine.execute(statement, scope)
            return [
                *self._check(scope, "load", "warehouse"),
                *self._check_days(scope),
            ]

    def load(self, batch: Sequence[SourceFile], head: int) -> LoadResult:
        """Load a batch of files of one revision in one transaction.

        `head` is the newest load when the batch was made. On an error the warehouse is
        as it was.
        """
        load = self._new_load(head, "load", batch[0].revision)
        with (
            self._loading(load, batch) as steps,
            spool(self.settings.spool_folder, self.settings.spool_bytes) as local,
        ):
            steps.say(f"reading {len(batch):,} files")
            with steps.step("read"):
                found = self.sources.extract(batch, local, self.engine.reads)
            attempt = _Attempt(load, head, steps, found.inputs)
            attempt.note(found)
            with self.engine.session():
                while True:
                    try:
                        return self._attempt(attempt)
                    except InputRefusedError:
                        steps.say("reading record by record")
                        with steps.step("read"):
                            attempt.inputs = self._strictly(attempt, local)
                    except _TooManyRejectsError as error:
                        attempt.refuse(error.files)
                        with steps.step("read"):
                            attempt.inputs = self._without(attempt, local)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Tell when a run begins, and how it ends."""
        self.result = RunResult()
        self._run_id = ledger.new_id()
        began = time.monotonic()
        self._tell(RunStarted(self._run_id))

        def finished(outcome: str, error: BaseException | None = None) -> RunFinished:
            return RunFinished(
                self._run_id,
                outcome,
                time.monotonic() - began,
                self.result.head,
                self.result.discovered,
                len(self.result.loads),
                *_named(error),
            )

        try:
            with rarely_collected():
                yield
        except BaseException as error:
            self._tell(finished(_outcome(error), error))
            raise
        if refused := self.result.refused:
            self._tell(finished("refused", refusal(refused)))
        else:
            self._tell(finished("loaded" if self.result.loads else "nothing"))

    @contextmanager
    def _loading(
        self, load: ledger.Load, batch: Sequence[SourceFile] = ()
    ) -> Iterator[Steps]:
        """Tell when a load begins, and when it fails; `_count` tells the commit."""
        self._tell(
            LoadStarted(
                self._run_id,
                load.load_id,
                load.kind,
                self.result.head,
                len(self.result.loads) + 1,
                max(self.result.batches, 1),
                len(batch),
                sum(file.bytes for file in batch),
            )
        )
        steps = Steps(self._run_id, load.load_id, self._tell)
        try:
            yield steps
        except BaseException as error:
            self._tell(
                LoadFailed(
                    self._run_id,
                    load.load_id,
                    load.kind,
                    steps.seconds,
                    *_named(error),
                )
            )
            raise

    def _new_load(self, head: int, kind: str, revision: int = 0) -> ledger.Load:
        return ledger.Load(ledger.new_id(head), self._run_id, kind, revision)

    def _load_pending(
        self, find: Discover, retry_refused: bool, interval: Interval, whole: bool
    ) -> None:
        self._tell(StepStarted(self._run_id, "looking for new files"))
        discovered = find()
        with self.engine.session():
            schema.verify(self.engine, self.models)
            lookups.verify(self.engine, self.models)
            self._settle()
            head = ledger.head(self.engine, self.models)
            self.result.head = head
            pending = ledger.pending(
                self.engine,
                self.models,
                discovered,
                self.sources.content_hash,
                retry_refused=retry_refused,
            )
            if whole:
                self.result.vanished = max(0, self._loaded() - pending.known)
        self.result.discovered = pending.discovered
        files = interval.of(pending.files)
        self.result.outside = len(pending.files) - len(files)
        waiting = list(batches(files, self.settings.batch_bytes))
        self.result.batches = len(self.result.loads) + len(waiting)
        for batch in waiting:
            if self._stopping:
                break
            loaded = self.load(batch, head)
            head = loaded.load.load_id
            self._count(loaded)

    def _settle(self) -> None:
        """Count the load whose commit ended in doubt, when the ledger has it."""
        doubtful, self._committing = self._committing, None
        if doubtful and ledger.has(self.engine, self.models, doubtful.load.load_id):
            self._count(doubtful)

    def _count(self, loaded: LoadResult) -> None:
        self._committing = None
        if loaded not in self.result.loads:
            self.result.head = loaded.load.load_id
            self.result.loads.append(loaded)
            self._tell(_committed(loaded))

    def _loaded(self) -> int:
        """How many files were loaded from where the sources are now."""
        return sum(
            ledger.loaded_below(self.engine, self.models, location)
            for _, location in self.sources.locations
        )

    def _attempt(self, attempt: _Attempt) -> LoadResult:
        """One transaction: is it loaded? load it, record it, check it, commit."""
        load, steps = attempt.load, attempt.steps
        scope = _scope(load.load_id, load.load_id, load.revision)
        steps.undone()
        try:
            with self.engine.transaction():
                ledger.hold(self.engine, self.models, attempt.head)
                self._copy(attempt)
                read = self._read(attempt, load.load_id)
                keys = tuple(self._unknown_keys(attempt.inputs, load.load_id))
                self._transform(scope, steps)
                repeats, conflicts = ledger.tally(self.engine)
                load = replace(
                    load,
                    files=(*read, *attempt.refused),
                    unknown_keys=keys,
                    repeats=repeats,
                    conflicts=conflicts,
                )
                if attempt.refused:
                    error = refusal(attempt.refused)
                    ledger.record_attempt(self.engine, self.models, load, error)
                done = self._finish(load, scope, steps)
                self._committing = done
        except (DataRefused, CheckBroken) as error:
            with self.engine.transaction():
                ledger.lock(self.engine, self.models)
                ledger.record_attempt(self.engine, self.models, load, error)
            raise
        done.seconds = steps.seconds
        return done

    def _read(self, attempt: _Attempt, load_id: int) -> list[ledger.ReadFile]:
        """What became of each file; raises when some are to be refused."""
        self.sources.verify_unchanged(attempt.inputs)
        rejected = ledger.rejected_by_uri(self.engine, self.models, load_id)
        read = list(_accounts(attempt, rejected))
        bad = [file for file in read if file.rejected and self._is_refused(file)]
        if bad:
            raise _TooManyRejectsError(bad)
        return read

    def _is_refused(self, file: ledger.ReadFile) -> bool:
        most = allowed(self.settings.max_rejects, file.records)
        return file.records >= 100 and file.rejected > most

    def _unknown_keys(
        self, inputs: list[Input], load_id: int
    ) -> Iterator[ledger.UnknownKey]:
        for table, group in self._groups(inputs):
            # Reading keys costs as much as reading records; mostly numbers will do.
            values = sum(each.values for each in group)
            if values == ledger.values(self.engine, table, load_id):
                continue
            for key in self.engine.unknown_keys(table, group):
                yield ledger.UnknownKey(table.name, *key)

    def _copy(self, attempt: _Attempt) -> None:
        read: list[Input] = []
        rejects = self.models.table("control.rejects")
        load_id, steps = attempt.load.load_id, attempt.steps
        for table, group in self._groups(attempt.inputs):
            steps.say(f"copying into {table.full_name}")
            with steps.step(table.full_name, kept=True) as changes:
                staged, counted = self.engine.copy(table, group, load_id, rejects)
                changes.inserted += staged
            read += counted
        attempt.inputs = read

    def _transform(self, scope: Parameters, steps: Steps) -> None:
        """Bring the star up to date with the loads of `scope`."""
        for table in self.models.transform:
            kept = table.schema != "work"
            if kept:
                steps.say(f"building {table.full_name}")
            with steps.step(table.full_name, kept=kept) as changes:
                if table.new:
                    changes.inserted += lookups.add_new(self.engine, table, scope)
                for statement in table.load:
                    rows = self.engine.execute(statement, scope)
                    changes.count(without_comments(statement).split()[0], rows)
                if kept and changes.inserted:
                    self.engine.filled(table)

    def _finish(self, load: ledger.Load, scope: Parameters, steps: Steps) -> LoadResult:
        """Record the load and prove it; the last statements before the commit."""
        ledger.record(self.engine, self.models, load)
        shrunk = ledger.shrunk(self.engine, self.models, load)
        steps.say("checking")
        with steps.step("check"):
            results = self._check(scope, "load")
            if len(self.result.loads) + 1 == self.result.batches:
                results += self._judge(load)
        checks.refuse(results)
        checks.record(self.engine, self.models, load.load_id, results)
        steps.record(self.engine, self.models)
        steps.say("committing")
        return LoadResult(load, steps.seconds, steps.changes, results, shrunk)

    def _check(self, scope: Parameters, *scopes: str) -> list[CheckResult]:
        asked = {**scope, **gates.thresholds(self.settings)}
        return list(checks.run_checks(self.engine, self.models, asked, *scopes))

    def _judge(self, last: ledger.Load) -> list[CheckResult]:
        """Check the days that all loads of a run have touched."""
        first = self.result.loads[0].load if self.result.loads else last
        return self._check_days(_scope(first.load_id, last.load_id))

    def _check_days(self, scope: Parameters) -> list[CheckResult]:
        for table in self.models.judged:
            for statement in table.load:
                self.engine.execute(statement, scope)
        return self._check(scope, "run")

    def _groups(self, inputs: Sequence[Input]) -> Iterator[tuple[Table, list[Input]]]:
        """Inputs by the staging table they go to, plain ones apart from strict ones."""
        for name in ("songs", "events"):
            for strict in (False, True):
                group = [i for i in inputs if i.dataset == name and i.strict is strict]
                if group:
                    yield self.models.table(f"staging.{name}"), group

    def _strictly(self, attempt: _Attempt, local: Spool) -> list[Input]:
        """The inputs, with those the engine refuses split by the strict reader."""
        readable = list(attempt.inputs)
        for table, group in self._groups(attempt.inputs):
            for each in self.engine.suspects(table, group):
                at = readable.index(each)
                keys = frozenset(table.json_keys)
                readable[at : at + 1] = [
                    self._split(here, keys, local)
                    for here in self._fetched(each, attempt, local)
                ]
        if readable == attempt.inputs:
            raise SourceChanged("Files were refused, and then none was; run again.")
        return readable

    def _fetched(self, each: Input, attempt: _Attempt, local: Spool) -> list[Input]:
        """An input on this machine; none for one that is damaged."""
        if not each.is_remote:
            return [each]
        found = self.sources.fetch(each, local)
        attempt.note(found)
        return found.inputs

    def _split(
        self,
        each: Input,
        keys: frozenset[str],
        local: Spool,
        without: Collection[SourceFile] = (),
    ) -> Input:
        strict = rewrite(each, keys, local.path, without)
        local.claim(Path(strict.path).stat().st_size)
        return strict

    def _without(self, attempt: _Attempt, local: Spool) -> list[Input]:
        """The inputs, those that hold refused files split again without them."""
        refused = {each.file for each in attempt.refused}
        inputs = []
        for each in attempt.inputs:
            left = set(each.files) - refused
            if len(left) == len(each.files):
                inputs.append(each)
            elif left:
                keys = self.models.table(f"staging.{each.dataset}").json_keys
                inputs.append(self._split(each, frozenset(keys), local, refused))
        return inputs


@dataclass
class _Attempt:
    """A batch as it is tried: `refused` files are recorded, and not loaded."""

    load: ledger.Load
    head: int
    steps: Steps
    inputs: list[Input]
    hashes: dict[str, str] = field(default_factory=dict)
    refused: list[ledger.ReadFile] = field(default_factory=list)

    def note(self, found: Extracted) -> None:
        """Keep what was found out of files that were read; refuse the damaged ones."""
        self.hashes |= found.hashes
        self.refuse(
            ledger.ReadFile(file, found.hashes[file.uri], damage=damage)
            for file, damage in found.damaged.items()
        )

    def refuse(self, files: Iterable[ledger.ReadFile]) -> None:
        """Load the batch without these files."""
        self.refused += [file._replace(refused=True) for file in files]


def refusal(files: Sequence[ledger.ReadFile]) -> FilesRefused:
    """What to say of files that were refused."""
    first = files[0]
    more = f" and {len(files) - 1} more file(s)" if len(files) > 1 else ""
    if first.damage:
        why = f"{first.damage}. Deliver it again, or leave it out with [S3] EXCLUDE."
    else:
        why = (
            f"{first.rejected:,} of {first.records:,} records cannot be accepted, more "
            "than [LOAD] MAX_REJECTS allows. Correct the file, or raise MAX_REJECTS "
            "and run with --retry-refused."
        )
    return FilesRefused(
        f"{first.file.uri}{more}: refused, {why}",
        [[f.file.uri, str(f.records), str(f.rejected), f.damage] for f in files[:100]],
    )


def _committed(loaded: LoadResult) -> LoadCommitted:
    files = [each for each in loaded.load.files if not each.refused]
    return LoadCommitted(
        loaded.load.run_id,
        loaded.load.load_id,
        loaded.load.kind,
        loaded.seconds,
        files=len(files),
        refused=tuple(f.file.uri for f in loaded.load.files if f.refused),
        bytes=sum(each.file.bytes for each in files),
        records=sum(each.records for each in files),
        rejected=sum(each.rejected for each in files),
        changed={name: changes.rows for name, changes in loaded.changes.items()},
        warnings=checks.warnings(loaded.checks),
    )


def _outcome(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "refused" if isinstance(error, DataRefused) else "failed"


def _named(error: BaseException | None) -> tuple[str, str]:
    """What kind of error it is, and what it says."""
    return (type(error).__name__, str(error)) if error else ("", "")


def _patiently(work: Callable[[], _Result]) -> _Result:
    """What `work` returns; it is tried again while that may help."""
    try:
        return work()
    except TransientError as error:
        if not _helps(error):
            raise
    # Imported here: it costs more than a whole run that has nothing to do.
    import stamina.instrumentation

    stamina.instrumentation.set_on_retry_hooks([])  # it would print its own words
    for attempt in stamina.retry_context(on=_helps, attempts=4, timeout=120):
        with attempt:
            return work()
    raise AssertionError  # the last attempt raises its own error


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


def _accounts(attempt: _Attempt, rejected: dict[str, int]) -> Iterator[ledger.ReadFile]:
    for each in attempt.inputs:
        uris = [file.uri for file in each.files]
        hashes = map(attempt.hashes.get, uris)
        counts = (rejected.get(uri, 0) for uri in uris) if rejected else repeat(0)
        yield from map(ledger.ReadFile, each.files, hashes, each.records, counts)
