"""Takes user agents apart: browser, system, device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sparkify.engines.base import Row

USER_AGENT_RULES = 1

_DESKTOPS = frozenset(
    {
        *("Windows", "Mac OS X", "Linux", "Chrome OS", "FreeBSD", "OpenBSD", "Solaris"),
        *("Ubuntu", "Debian", "Fedora", "Red Hat", "SUSE", "CentOS", "Linux Mint"),
    }
)
_MOBILES = frozenset(
    {
        *("iOS", "Android", "Windows Phone", "BlackBerry OS", "Firefox OS", "KaiOS"),
        *("Symbian OS", "Bada", "webOS", "Tizen"),
    }
)


def user_agents(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of analytics.user_agents for user agents as delivered."""
    for (delivered,) in rows:
        yield str(delivered), *parse(str(delivered)), USER_AGENT_RULES


def parse(delivered: str) -> tuple[object, ...]:
    """Browser and its version, system and its version, device type, is it a bot."""
    # Imported here: reading its rules takes longer than a run with nothing to do.
    import ua_parser

    text = delivered.strip('" ')
    found = ua_parser.parse(text)
    browser, system, device = found.user_agent, found.os, found.device
    is_bot = device is not None and device.family == "Spider"
    return (
        browser.family if browser else None,
        browser.major if browser else None,
        system.family if system else None,
        system.major if system else None,
        None if is_bot or not system else _device_type(text, system.family),
        is_bot,
    )


def _device_type(text: str, system: str) -> str | None:
    """What it is to hold: tablets say so, or are Androids that are not mobile."""
    if system in _DESKTOPS:
        return "desktop"
    if system not in _MOBILES or "TV" in text:
        return None
    if "iPad" in text or "Tablet" in text:
        return "tablet"
    return "tablet" if system == "Android" and "Mobile" not in text else "mobile"
