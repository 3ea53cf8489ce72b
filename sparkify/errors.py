"""Every expected failure, sorted by what to do next.

    SparkifyError
    ├── DataRefused            exit 1: the data has to change
    │   ├── FilesRefused
    │   └── CheckFailed
    ├── DataStale              exit 1: the data has to come
    ├── PermanentError         exit 2: configuration, environment or rights
    │   ├── ConfigError
    │   ├── CheckBroken
    │   ├── BadQuestion
    │   ├── OutputError
    │   ├── SourceError
    │   └── WarehouseError
    │       └── SchemaDiffers
    └── TransientError         exit 3: trying again may help
        ├── WarehouseBusy
        ├── LedgerMoved
        └── SourceChanged

A message says what happened, to which object, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class SparkifyError(Exception):
    """An expected failure: one sentence for the user, no traceback."""

    exit_code = 2


class DataRefused(SparkifyError):
    """The data cannot be loaded as it is; trying again does not help.

    `samples` are the offending rows, at most 100, each a list of texts.
    """

    exit_code = 1

    def __init__(self, message: str, samples: Sequence[Sequence[str]] = ()) -> None:
        super().__init__(message)
        self.samples = samples


class FilesRefused(DataRefused):
    """Source files are damaged, or have too many records that cannot be accepted."""


class CheckFailed(DataRefused):
    """A check found rows that must not be in the warehouse; the load was undone."""


class DataStale(SparkifyError):
    """Nothing was loaded for longer than is allowed."""

    exit_code = 1


class PermanentError(SparkifyError):
    """Configuration, environment or rights have to change."""


class ConfigError(PermanentError):
    """The configuration cannot be used as it is."""


class CheckBroken(PermanentError):
    """A check of the user's own cannot be used; a load that met it was undone."""


class BadQuestion(PermanentError):
    """A metric, filter or period is asked for that cannot be."""


class OutputError(PermanentError):
    """A file that was asked for cannot be written."""


class SourceError(PermanentError):
    """A source cannot be read."""


class WarehouseError(PermanentError):
    """The warehouse refused, and would again."""


class SchemaDiffers(WarehouseError):
    """A table of ours is missing, or has other columns."""


class TransientError(SparkifyError):
    """Trying again may help."""

    exit_code = 3


class WarehouseBusy(TransientError):
    """Another process holds the warehouse."""


class LedgerMoved(TransientError):
    """Another run has loaded files since this one looked at the ledger."""


class SourceChanged(TransientError):
    """A source file changed while it was read."""
