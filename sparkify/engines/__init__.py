"""One module per warehouse product, behind the contract of `base`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from sparkify.errors import ConfigError

if TYPE_CHECKING:
    from sparkify.config import Settings
    from sparkify.engines.base import Engine


def engine_class(settings: Settings) -> type[Engine]:
    """The engine that the settings ask for. Raises ConfigError."""
    if settings.engine == "duckdb":
        from sparkify.engines.duckdb import DuckDB

        return DuckDB
    if not find_spec("psycopg2"):
        raise ConfigError(
            f"{settings.file}: [WAREHOUSE] ENGINE={settings.engine} needs a driver; "
            f"install it with `pip install 'sparkify-elt[{settings.engine}]'`."
        )
    if settings.engine == "postgres":
        from sparkify.engines.postgres import Postgres

        return Postgres
    from sparkify.engines.redshift import Redshift

    return Redshift


def make_engine(settings: Settings) -> Engine:
    """An engine as the settings ask for. Raises ConfigError."""
    return engine_class(settings)(settings)
