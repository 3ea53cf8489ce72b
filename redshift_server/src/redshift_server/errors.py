"""Errors as Redshift words them: each carries a SQLSTATE that reaches the client.

RedshiftError
├── syntax()         42601  not in Redshift's grammar
├── unsupported()    0A000  PostgreSQL has it, Redshift does not
└── not_emulated()   0A000  Redshift has it, this server does not (yet)
"""

from __future__ import annotations

NOT_EMULATED_HINT = (
    "redshift_server: Redshift documents this, but the test server does not emulate it."
)


class RedshiftError(Exception):
    """An error that is sent to the client in place of a result."""

    def __init__(
        self,
        sqlstate: str,
        message: str,
        *,
        detail: str = "",
        hint: str = "",
        fatal: bool = False,
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint
        self.fatal = fatal


class ServerStartError(Exception):
    """The server could not start; the message says what to do."""


def syntax(near: str, hint: str = "") -> RedshiftError:
    """Return the error of a statement that Redshift's parser does not know."""
    return RedshiftError("42601", f'syntax error at or near "{near}"', hint=hint)


def unsupported(what: str, hint: str = "") -> RedshiftError:
    """Return the error of a feature that PostgreSQL has and Redshift has not."""
    return RedshiftError("0A000", f"{what} is not supported", hint=hint)


def not_emulated(what: str) -> RedshiftError:
    """Return the error of a feature of Redshift that this server lacks."""
    return RedshiftError(
        "0A000", f"{what} is not emulated by this test server", hint=NOT_EMULATED_HINT
    )


def in_block(what: str) -> RedshiftError:
    """Return the error of a statement that must run outside a transaction block."""
    return RedshiftError("25001", f"{what} cannot run inside a transaction block")


def aborted() -> RedshiftError:
    """Return the error of any statement in a transaction that has failed."""
    return RedshiftError(
        "25P02",
        "current transaction is aborted, commands ignored until end of "
        "transaction block",
    )
