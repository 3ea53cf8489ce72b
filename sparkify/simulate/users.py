"""The listeners: who they are in a log line, and how often they listen."""

from dataclasses import dataclass
from typing import NamedTuple

from sparkify.simulate import words
from sparkify.simulate.chance import Chance, long_tail, spread
from sparkify.simulate.rhythm import DAY
from sparkify.simulate.text import log_json


class Identity(NamedTuple):
    """What a log line says of a person: its fixed parts between the other values."""

    first_name: str
    last_name: str
    location: str
    registration: str
    agent: str
    user_id: str


@dataclass(slots=True)
class User:
    """A registered user; pause is the mean wait between sessions, in active hours."""

    identity: Identity
    level: str
    pause: float


GUEST = Identity(
    first_name='"auth":"Logged Out","firstName":null,"gender":null,"itemInSession":',
    last_name=',"lastName":null,"length":',
    location=',"location":null,"method":',
    registration=',"registration":null,"sessionId":',
    agent=',"userAgent":null,"userId":"',
    user_id="",
)


def _first_names(gender: str, names: tuple[str, ...]) -> list[str]:
    return [
        f'"auth":"Logged In","firstName":{log_json(name)},"gender":"{gender}"'
        ',"itemInSession":'
        for name in names
    ]


def _agent(agent: str) -> str:
    # As in the real logs, which once were CSV: quotes stayed around a comma.
    quoted = f'"{agent}"' if "," in agent else agent
    return f',"userAgent":{log_json(quoted)},"userId":"'


# Written once and shared, so that a user costs little memory.
_WOMEN = _first_names("F", words.WOMEN)
_MEN = _first_names("M", words.MEN)
_LAST_NAMES = [f',"lastName":{log_json(name)},"length":' for name in words.LAST_NAMES]
_METROS = [f',"location":{log_json(metro)},"method":' for metro in words.METROS]
_AGENTS = [_agent(agent) for agent in words.USER_AGENTS]


def _identity(number: int, start: int, chance: Chance) -> Identity:
    registered = start - 1 - int(chance.random() * 60 * DAY)
    return Identity(
        first_name=chance.pick(_WOMEN if chance.random() < 0.55 else _MEN),
        last_name=chance.pick(_LAST_NAMES),
        location=chance.pick_early(_METROS),
        registration=f',"registration":{registered}.0,"sessionId":',
        agent=chance.pick_early(_AGENTS),
        user_id=str(number + 1),
    )


def invent_users(count: int, start: int, chance: Chance) -> list[User]:
    """Return users who registered before start (epoch ms); a few listen very much."""
    offset = chance.random()
    users = []
    for number in range(count):
        share = spread(number, 0.7548776662466927, offset)
        activity = min(0.06 + long_tail(share), 12.0)
        paid = spread(number, 0.5698402909980532, offset) < 0.2 + 0.05 * activity
        level = "paid" if paid else "free"
        users.append(User(_identity(number, start, chance), level, 96.0 / activity))
    return users
