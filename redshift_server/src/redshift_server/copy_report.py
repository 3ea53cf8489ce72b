"""What a COPY has done so far, and what it leaves in the system views."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redshift_server import load_log
from redshift_server.copy_options import CopyCommand
from redshift_server.copy_rows import Loaded, LoadError
from redshift_server.copy_target import Target
from redshift_server.copy_values import Column
from redshift_server.storage import S3Object

if TYPE_CHECKING:
    from redshift_server.session import Session

_LABELS = {"bpchar": "char", "jsonb": "super"}


@dataclass
class Report:
    """The tally of one COPY."""

    session: Session
    command: CopyCommand
    target: Target
    objects: list[S3Object]
    query: int
    start: str = field(default_factory=load_log.now)
    rows: int = 0
    bytes: int = 0
    errors: list[tuple[str, LoadError]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)

    @property
    def table(self) -> str:
        """The table's name as messages and views show it."""
        return self.command.table.replace('"', "")

    def add(self, item: S3Object, loaded: Loaded, size: int, start: str) -> None:
        """Count one object."""
        self.rows += len(loaded.rows)
        self.bytes += size
        self.errors += [(item.url, error) for error in loaded.errors]
        self.files.append(
            {
                "user": self.session.user,
                "query": self.query,
                "table": self.table,
                "file": item.url,
                "bytes": size,
                "lines": loaded.line_count,
                "errors": len(loaded.errors),
                "format": self.command.format,
                "start": start,
                "time": load_log.now(),
                "etag": item.etag,
                "modified": item.modified.replace(tzinfo=None).isoformat(sep=" "),
            }
        )

    @property
    def too_many_errors(self) -> bool:
        """Say whether MAXERROR is reached: at n errors, not beyond them."""
        if self.command.ignore_all_errors or not self.errors:
            return False
        return len(self.errors) >= max(1, self.command.max_errors)

    def close(self, problem: str = "") -> None:
        """Write to the views, where a rollback will not reach it."""
        session, log = self.session, self.session.context.log
        log.append("loads", [self._load(problem)])
        log.append("files", self.files)
        log.append("errors", [self._error(*error) for error in self.errors])
        answers = {
            "copy_count": 0 if problem else self.rows,
            "copy_id": self.query,
            "query_id": self.query,
        }
        log.set_session(session.backend.pid, answers)

    def _common(self) -> dict[str, Any]:
        return {
            "user": self.session.user,
            "query": self.query,
            "transaction": self.target.transaction,
            "session": self.session.backend.pid,
            "database": self.session.database,
        }

    def _load(self, problem: str) -> dict[str, Any]:
        return {
            **self._common(),
            "status": "aborted" if problem else "completed",
            "table": self.table,
            "source": self.command.source,
            "start": self.start,
            "end": load_log.now(),
            "rows": 0 if problem else self.rows,
            "bytes": self.bytes,
            "files": len(self.objects),
            "scanned": len(self.files),
            "errors": len(self.errors),
            "message": problem,
        }

    def _error(self, file: str, error: LoadError) -> dict[str, Any]:
        column = error.column
        return {
            **self._common(),
            "table_id": self.target.oid,
            "time": load_log.now(),
            "file": file,
            "line": error.line,
            "column": column.name if column else "",
            "type": _LABELS.get(column.type, column.type) if column else "",
            "length": _length(column) if column else "",
            "position": 0,
            "code": error.code,
            "message": error.message,
            "raw_line": _printable(error.raw_line),
            "raw_value": _printable(error.raw_value),
        }

    def success(self) -> str:
        """Return the text of the notice that ends a COPY."""
        rows = 0 if self.command.no_load else self.rows
        text = (
            f"Load into table '{self.table}' completed, {rows} record(s) loaded "
            "successfully."
        )
        if self.errors and not self.command.no_load:
            text += (
                f"  {len(self.errors)} record(s) could not be loaded.  Check "
                "'stl_load_errors' system table for details."
            )
        return text


def _length(column: Column) -> str:
    if column.length < 0:
        return "0"
    if column.type == "numeric":
        return f"{column.length}, {column.scale}"
    return str(column.length)


def _printable(text: str) -> str:
    cleaned = text.replace("\0", "?").encode(errors="replace").decode()
    return cleaned[:1024]
