"""When to look: every so often, or by a cron expression in a time zone."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sparkify.errors import ConfigError

Clock = Callable[[datetime], datetime]
"""The first moment to look that is later than a given one; both in UTC."""

_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def every(seconds: float) -> Clock:
    """So many seconds after the moment before."""
    return lambda moment: moment + timedelta(seconds=seconds)


def cron(expression: str, time_zone: str = "UTC") -> Clock:
    """As cron of Debian does it: five fields, or a name such as `@daily`.

    A time that a change of clocks leaves out comes when the clocks have changed; one
    that it repeats comes once, but for hours and minutes that are `*`. Raises
    ConfigError.
    """
    zone = _zone(time_zone)
    if not find_spec("cronsim"):
        raise ConfigError(
            "Cron expressions need a package more; install it with "
            "`pip install 'sparkify-elt[watch]'`, or use --every."
        )
    # Imported here: it is an extra.
    from cronsim import CronSim, CronSimError

    fields = _NAMED.get(expression.strip().lower(), expression)
    try:
        next(CronSim(fields, datetime.now(zone)))
    except CronSimError as error:
        raise ConfigError(
            f"--cron {expression!r}: {str(error).lower()}; give minute, hour, day, "
            "month and weekday, such as '*/15 * * * *', or a name such as @daily."
        ) from None
    except StopIteration:
        raise ConfigError(
            f"--cron {expression!r}: there is no such day in 50 years."
        ) from None
    return lambda moment: next(CronSim(fields, moment.astimezone(zone))).astimezone(UTC)


def jittered(clock: Clock, seconds: float) -> Clock:
    """Later by chance, so that many watchers do not all ask at once."""

    def later(moment: datetime) -> datetime:
        wait = random.uniform(0, seconds)  # noqa: S311  # a pause is no secret
        return clock(moment) + timedelta(seconds=wait)

    return later


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"There is no time zone {name!r}; a name is such as Europe/Berlin."
        ) from None
