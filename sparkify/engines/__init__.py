"""One module per warehouse product, behind the contract of `base`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from sparkify.errors import ConfigError

if TYPE_CHECKING:
    from sparkify.config import Settings
    from sparkify.engines.base import Engine


def make_engine(settings: Settings) -> Engine:
    """The engine that the settings ask for. Raises ConfigError."""
    if settings.engine == "duckdb":
        from sparkify.engines.duckdb import DuckDB

        return DuckDB(settings)
    if settings.engine == "postgres":
        _require_driver(settings)
        from sparkify.engines.postgres import Postgres

        return Postgres(settings)
    _require_driver(settings)
    from sparkify.engines.redshift import Redshift

    return Redshift(settings)


def _require_driver(settings: Settings) -> None:
    if not find_spec("psycopg2"):
        raise ConfigError(
            f"{settings.file}: [WAREHOUSE] ENGINE={settings.engine} needs a driver; "
            f"install it with `pip install 'sparkify-elt[{settings.engine}]'`."
        )
