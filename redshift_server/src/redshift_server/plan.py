"""What the SQL front makes of one statement: the plan that a session carries out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redshift_server.copy_options import CopyCommand
    from redshift_server.unload import UnloadCommand


@dataclass(frozen=True, slots=True)
class Begin:
    """Open a transaction block."""


@dataclass(frozen=True, slots=True)
class End:
    """Close a transaction block."""

    commit: bool


@dataclass(frozen=True, slots=True)
class Truncate:
    """Empty a table and commit."""

    sql: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the running statement of another session."""

    pid: int


@dataclass(frozen=True, slots=True)
class SetCase:
    """Turn case-sensitive identifiers on or off for the session."""

    on: bool


Action = "Begin | End | Truncate | Cancel | SetCase | CopyCommand | UnloadCommand"


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, translated.

    `sql` goes to PostgreSQL; `prelude` before it and `followups` after it, in the
    same transaction and unseen by the client. An `action` replaces all three.
    """

    source: str
    sql: str = ""
    action: (
        Begin | End | Truncate | Cancel | SetCase | CopyCommand | UnloadCommand | None
    ) = None
    prelude: tuple[str, ...] = ()
    followups: tuple[str, ...] = ()
    tag: str = ""
    # Named here when the statement may not run in a transaction block.
    barred: str = ""
    # A select that reads no table: it makes no snapshot.
    tableless: bool = False
