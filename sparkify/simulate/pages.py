"""The pages of the player, and where a listener goes from each of them."""

from dataclasses import dataclass

from sparkify.simulate.chance import Weighted


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One kind of event, its parts ready for a log line; a guest is logged out."""

    request: str
    status: str
    guest: bool
    new_level: str


def _step(
    page: str,
    method: str = "GET",
    status: int = 200,
    *,
    guest: bool = False,
    new_level: str = "",
) -> Step:
    return Step(f'"{method}","page":"{page}"', str(status), guest, new_level)


START = _step("Start")
FINISH = _step("Finish")
NEXT_SONG = _step("NextSong", "PUT")
LOGOUT = _step("Logout", "PUT", 307)

_HOME = _step("Home")
_SETTINGS = _step("Settings")
_SAVE_SETTINGS = _step("Save Settings", "PUT", 307)
_HELP = _step("Help")
_ABOUT = _step("About")
_ERROR = _step("Error", status=404)
_UPGRADE = _step("Upgrade")
_SUBMIT_UPGRADE = _step("Submit Upgrade", "PUT", 307, new_level="paid")
_DOWNGRADE = _step("Downgrade")
_SUBMIT_DOWNGRADE = _step("Submit Downgrade", "PUT", 307, new_level="free")
_GUEST_HOME = _step("Home", guest=True)
_GUEST_HELP = _step("Help", guest=True)
_GUEST_ABOUT = _step("About", guest=True)
_GUEST_LOGIN = _step("Login", "PUT", 307, guest=True)

Weights = dict[Step, dict[Step, int]]

_ANYBODY: Weights = {
    _SETTINGS: {NEXT_SONG: 52, _SAVE_SETTINGS: 20, _HOME: 10, _HELP: 8, LOGOUT: 5},
    _SAVE_SETTINGS: {_HOME: 90, FINISH: 10},
    _HELP: {NEXT_SONG: 78, FINISH: 10, _HOME: 8, _HELP: 4},
    _ABOUT: {FINISH: 42, _HOME: 20, NEXT_SONG: 20, _ABOUT: 18},
    _ERROR: {FINISH: 60, NEXT_SONG: 25, _HOME: 15},
    _SUBMIT_UPGRADE: {_HOME: 1},
    _SUBMIT_DOWNGRADE: {_HOME: 1},
    LOGOUT: {_GUEST_HOME: 1},
    _GUEST_HOME: {
        _GUEST_LOGIN: 37,
        FINISH: 37,
        _GUEST_HOME: 15,
        _GUEST_ABOUT: 7,
        _GUEST_HELP: 4,
    },
    _GUEST_HELP: {FINISH: 45, _GUEST_HELP: 33, _GUEST_LOGIN: 22},
    _GUEST_ABOUT: {FINISH: 50, _GUEST_LOGIN: 30, _GUEST_HOME: 20},
    _GUEST_LOGIN: {_HOME: 1},
}

_FREE: Weights = {
    START: {NEXT_SONG: 565, _HOME: 400, _GUEST_LOGIN: 15, _GUEST_HOME: 12, _HELP: 8},
    _HOME: {NEXT_SONG: 545, FINISH: 390, _SETTINGS: 30, _UPGRADE: 15, _HOME: 20},
    NEXT_SONG: {
        NEXT_SONG: 5050,
        FINISH: 4350,
        LOGOUT: 210,
        _HOME: 200,
        _UPGRADE: 120,
        _HELP: 25,
        _ABOUT: 20,
        _SETTINGS: 15,
        _ERROR: 10,
    },
    _UPGRADE: {_SUBMIT_UPGRADE: 30, _HOME: 30, NEXT_SONG: 20, FINISH: 20},
}

_PAID: Weights = {
    START: {NEXT_SONG: 450, _HOME: 285, _GUEST_HOME: 200, _GUEST_LOGIN: 65},
    _HOME: {NEXT_SONG: 860, FINISH: 65, _SETTINGS: 30, LOGOUT: 25, _DOWNGRADE: 20},
    NEXT_SONG: {
        NEXT_SONG: 9232,
        FINISH: 233,
        _HOME: 212,
        LOGOUT: 93,
        _DOWNGRADE: 90,
        _SETTINGS: 55,
        _HELP: 52,
        _ABOUT: 21,
        _ERROR: 12,
    },
    _DOWNGRADE: {NEXT_SONG: 58, FINISH: 17, _HOME: 17, _SUBMIT_DOWNGRADE: 10},
}


def _choices(weights: Weights) -> dict[Step, Weighted[Step]]:
    return {
        step: Weighted(tuple(after), after.values()) for step, after in weights.items()
    }


# For each level: where each step leads to.
JOURNEY = {"free": _choices(_ANYBODY | _FREE), "paid": _choices(_ANYBODY | _PAID)}
