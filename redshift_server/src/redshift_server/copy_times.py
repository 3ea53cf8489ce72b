"""DATEFORMAT and TIMEFORMAT of COPY: text of a form to ISO text."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache

_EPOCH = datetime.datetime(1970, 1, 1)
_EPOCH_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:[ T](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})"
    r"(?::(?P<second>[0-9]{1,2})(?P<fraction>\.[0-9]*)?)?)?"
    r"\s*(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?|[A-Z]{3,4})?",
    re.IGNORECASE,
)
# What 'auto' knows besides ISO.
_AUTO_FORMS = (
    "MM/DD/YYYY HH24:MI:SS",
    "MM-DD-YYYY HH24:MI:SS",
    "DD.MM.YYYY HH24:MI:SS",
    "YYYYMMDD HH24MISS",
    "YYYYMMDD",
    "MM/DD/YYYY",
    "MM-DD-YYYY",
    "DD.MM.YYYY",
    "DD MON YYYY HH24:MI:SS",
    "DD-MON-YYYY",
    "MON-DD-YYYY",
)
_FIELDS = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "HH24": r"(?P<hour>[0-9]{1,2})",
    "HH12": r"(?P<hour12>[0-9]{1,2})",
    "MON": r"(?P<name>[A-Za-z]{3})",
    "YY": r"(?P<short>[0-9]{2})",
    "MM": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{1,2})",
    "HH": r"(?P<hour>[0-9]{1,2})",
    "MI": r"(?P<minute>[0-9]{1,2})",
    "SS": r"(?P<second>[0-9]{1,2})(?P<fraction>\.[0-9]*)?",
    "AM": r"(?P<half>[AaPp][Mm])",
    "PM": r"(?P<half>[AaPp][Mm])",
    "OF": r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "TZ": r"(?:[A-Za-z]{1,5})",
}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def convert_timestamp(value: str, form: str) -> str:
    """Return a timestamp as ISO text; raise ValueError if it has not the form."""
    if form in ("epochsecs", "epochmillisecs"):
        return _from_epoch(value, 1 if form == "epochsecs" else 1000)
    return str(_read(value, form, "YYYY-MM-DD HH:MI:SS"))


def convert_date(value: str, form: str) -> str:
    """Return a date as ISO text; raise ValueError if it has not the form."""
    return str(_read(value, form, "YYYY-MM-DD").date())


def _from_epoch(value: str, divisor: int) -> str:
    if not _EPOCH_NUMBER.fullmatch(value):
        raise ValueError(value)
    whole, _, fraction = value.partition(".")
    micros = int(whole) * (1_000_000 // divisor)
    if fraction and divisor == 1:
        micros += int(fraction.ljust(6, "0")[:6]) * (-1 if whole.startswith("-") else 1)
    return str(_EPOCH + datetime.timedelta(microseconds=micros))


def _read(value: str, form: str, default: str) -> datetime.datetime:
    if form == "auto":
        return _read_auto(value)
    pattern = _pattern(form or default)
    if not form:
        # The default form takes fractions and ignores a zone.
        pattern = _ISO
    match = pattern.fullmatch(value)
    if match is None or (not form and " " in default and match["hour"] is None):
        raise ValueError(value)
    return _moment(match.groupdict())


def _read_auto(value: str) -> datetime.datetime:
    match = _ISO.fullmatch(value)
    if match is not None:
        return _moment(match.groupdict())
    for form in _AUTO_FORMS:
        match = _pattern(form).fullmatch(value)
        if match is not None:
            return _moment(match.groupdict())
    raise ValueError(value)


@lru_cache(maxsize=64)
def _pattern(form: str) -> re.Pattern[str]:
    names = "|".join(sorted(_FIELDS, key=len, reverse=True))
    parts = re.split(f"({names})", form.upper())
    text = "".join(_FIELDS.get(part) or re.escape(part) for part in parts)
    return re.compile(text, re.IGNORECASE)


def _moment(fields: dict[str, str | None]) -> datetime.datetime:
    year = int(fields.get("year") or 0)
    if fields.get("short"):
        short = int(fields["short"] or 0)
        year = short + (1900 if short >= 70 else 2000)
    month = int(fields.get("month") or 0)
    if fields.get("name"):
        month = _MONTHS.index((fields["name"] or "").lower()) + 1
    hour = int(fields.get("hour") or fields.get("hour12") or 0)
    half = (fields.get("half") or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    fraction = (fields.get("fraction") or ".")[1:]
    return datetime.datetime(
        year,
        month,
        int(fields.get("day") or 0),
        hour,
        int(fields.get("minute") or 0),
        int(fields.get("second") or 0),
        int(fraction.ljust(6, "0")[:6]),
    )
