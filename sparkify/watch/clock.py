"""When to look: every so often, or by a cron expression in a time zone."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sparkify.errors import ConfigError

if TYPE_CHECKING:
    from cronsim import CronSim

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

    A time that a change of clocks leaves out comes when they have changed; one that it
    repeats comes once, unless minute or hour begins with `*`. Raises ConfigError.
    """
    zone = _zone(time_zone)
    parsed(expression)
    from cronsim import CronSim

    text = " ".join(fields(expression))

    def following(moment: datetime) -> datetime:
        # In an hour that comes twice, the first that is found may be past.
        times = (
            each.astimezone(UTC) for each in CronSim(text, moment.astimezone(zone))
        )
        return next(each for each in times if each > moment)

    return following


def fields(expression: str) -> list[str]:
    """Minute, hour, day of the month, month, day of the week."""
    return _NAMED.get(expression.strip().lower(), expression).split()


def parsed(expression: str) -> CronSim:
    """The expression, read. Raises ConfigError."""
    if not find_spec("cronsim"):
        raise ConfigError(
            "Cron expressions need a package more; install it with "
            "`pip install 'sparkify-elt[watch]'`; `sparkify watch --every` needs none."
        )
    # Imported here: it is an extra.
    from cronsim import CronSim, CronSimError

    try:
        # With a sixth field it would take the first one for seconds.
        if len(fields(expression)) != 5:
            raise CronSimError("wrong number of fields")
        found = CronSim(" ".join(fields(expression)), datetime.now(UTC))
        next(found)
    except CronSimError as error:
        raise ConfigError(
            f"--cron {expression!r}: {str(error).lower()}; give minute, hour, day, "
            "month and weekday, such as '*/15 * * * *', or a name such as @daily."
        ) from None
    except StopIteration:
        raise ConfigError(
            f"--cron {expression!r}: there is no such day in 50 years."
        ) from None
    return found


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
