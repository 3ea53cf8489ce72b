"""How far figures can be trusted: what is covered, what was kept aside."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from sparkify.metrics import Filters, open_metrics

if TYPE_CHECKING:
    from conftest import Warehouse

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_541_030_400_000  # 2018-11-01


def test_rejects_are_those_of_the_version_in_force(warehouse: Warehouse) -> None:
    """A newer version that is refused leaves the older one, and its rejects, there."""
    name = "2018-11-01-events.json"
    rows: list[dict[str, object]] = [{"itemInSession": n} for n in range(298)]
    warehouse.write("events", name, [*rows, {"ts": "never"}, {"ts": "never"}])
    warehouse.run()
    warehouse.write("events", name, [{"ts": "never"}] * 301)
    warehouse.run()
    with open_metrics(warehouse.settings) as metrics:
        told = metrics.ask("deliveries").select("rejected", "refused_files")
        groups = metrics.ask("reject_groups").select("records")
    assert told == [(2, 1)]
    assert groups == [(2,)]


@pytest.mark.parametrize(("begins", "is_covered"), [(0, True), (5, False)])
def test_a_first_day_that_begins_late_is_not_covered(
    warehouse: Warehouse, begins: int, is_covered: bool
) -> None:
    """Against a day of which a part is missing nothing is compared."""
    for day in range(3):
        hour = begins if day == 0 else 12
        users = 1 + day
        warehouse.write(
            "events",
            f"2018-11-{day + 1:02}-events.json",
            [
                {
                    "userId": str(user),
                    "itemInSession": day,
                    "ts": START + day * DAY + hour * HOUR,
                }
                for user in range(users)
            ],
        )
    warehouse.run()
    asked = Filters(first_day=date(2018, 11, 2), last_day=date(2018, 11, 2))
    with open_metrics(warehouse.settings, asked) as metrics:
        assert metrics.ask("summary").select("is_covered") == [(True,), (is_covered,)]


def test_an_incomplete_day_is_no_part_of_a_mean(warehouse: Warehouse) -> None:
    """The last day, cut off as it is, does not lower the users of a usual day."""
    for day, users in enumerate((4, 2, 1)):
        warehouse.write(
            "events",
            f"2018-11-{day + 1:02}-events.json",
            [
                {"userId": str(user), "itemInSession": day, "ts": START + day * DAY}
                for user in range(users)
            ],
        )
    warehouse.run()
    with open_metrics(warehouse.settings, Filters(days=None)) as metrics:
        assert metrics.ask("summary").select("mean_dau")[0] == (3.0,)
