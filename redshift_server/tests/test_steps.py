"""Every step of the rule tables, by both drivers."""

from __future__ import annotations

import pytest
from rules import GROUPS
from steps import Refusal, Step
from support import Client, Failure

STEPS = [step for steps in GROUPS.values() for step in steps]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_step(client: Client, step: Step) -> None:
    for statement in step.setup:
        client.run(statement)
    if isinstance(step.expected, Refusal):
        with pytest.raises(Failure) as caught:
            client.run(step.sql)
        assert step.expected.text.lower() in caught.value.message.lower()
        if step.expected.sqlstate:
            assert caught.value.sqlstate == step.expected.sqlstate
        return
    found = client.run(step.sql)
    if step.expected is not None:
        expected = [list(row) for row in step.expected]
        if "order by" not in step.sql:
            found, expected = sorted(found, key=repr), sorted(expected, key=repr)
        assert found == [
            [pytest.approx(cell) if isinstance(cell, float) else cell for cell in row]
            for row in expected
        ]


def test_the_table_is_long_enough() -> None:
    assert len(STEPS) >= 150
    assert len({step.name for step in STEPS}) == len(STEPS)
