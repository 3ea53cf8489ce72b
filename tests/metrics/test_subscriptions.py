"""Who starts to pay and who stops, in cases that the real data does not have."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sparkify.metrics import Filters, open_metrics

if TYPE_CHECKING:
    from conftest import Warehouse

DAY = 86_400_000
START = 1_541_030_400_000  # 2018-11-01

CALIFORNIA = "San Francisco-Oakland-Hayward, CA"
# user, day of November, level, page, and more
SEEN: tuple[tuple[int, int, str, str, dict[str, object]], ...] = (
    # cancelled before the week and gone: paid no more
    (1, 2, "paid", "NextSong", {}),
    (1, 3, "paid", "Cancellation Confirmation", {}),
    # cancelled, and came back before the week
    (2, 2, "paid", "Cancellation Confirmation", {}),
    (2, 5, "paid", "NextSong", {}),
    # paid at the start, and downgrades
    (3, 4, "paid", "NextSong", {"location": CALIFORNIA}),
    (3, 9, "paid", "Submit Downgrade", {"location": CALIFORNIA}),
    (3, 10, "free", "Home", {"location": CALIFORNIA}),
    # upgrades and leaves within the week: was not paid at its start
    (4, 8, "free", "Submit Upgrade", {}),
    (4, 9, "paid", "NextSong", {}),
    (4, 10, "paid", "Cancellation Confirmation", {}),
    # free, but not seen in the week
    (5, 2, "free", "NextSong", {}),
    # free in it
    (6, 12, "free", "NextSong", {"location": CALIFORNIA}),
    # the data goes on
    (6, 16, "free", "NextSong", {"location": CALIFORNIA}),
)


def test_conversion_and_churn_are_parts_of_who_is_there(warehouse: Warehouse) -> None:
    """Of those seen free who upgrades, and of those paid at the start who leaves."""
    events: dict[int, list[dict[str, object]]] = {}
    for item, (user, day, level, page, more) in enumerate(SEEN):
        events.setdefault(day, []).append(
            {
                "userId": str(user),
                "sessionId": 100 * user + day,
                "itemInSession": item,
                "ts": START + (day - 1) * DAY + item,
                "level": level,
                "page": page,
                **more,
            }
        )
    for day, rows in events.items():
        warehouse.write("events", f"2018-11-{day:02}-events.json", rows)
    warehouse.run()
    names = (
        *("upgrades", "downgrades", "cancellations", "free_users", "paid_at_start"),
        *("conversion", "churn", "submitted_upgrades", "submitted_downgrades"),
    )
    week = Filters(first_day=date(2018, 11, 8), last_day=date(2018, 11, 14))
    with open_metrics(warehouse.settings, week) as metrics:
        current, previous = metrics.ask("subscriptions").select(*names)
        steps = metrics.ask("funnels").select("users")
    assert current == (1, 1, 1, 3, 2, 1 / 3, 1 / 2, 1, 1)
    assert previous == (0, 0, 2, 1, 0, 0.0, None, 0, 0)
    assert steps[0] == (3,)
    state = Filters(
        first_day=week.first_day, last_day=week.last_day, state="CA", least_group=1
    )
    with open_metrics(warehouse.settings, state) as metrics:
        assert metrics.ask("subscriptions").select(*names)[0] == (
            *(0, 1, 0, 2, 1),
            *(0.0, 1.0, 0, 1),
        )
