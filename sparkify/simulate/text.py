"""Text as the logs write it."""

import json


def damage(text: str) -> str:
    """Return the text as UTF-8 read as Latin-1, twice over; ASCII stays as it is."""
    for _ in range(2):
        text = text.encode("utf-8").decode("latin-1")
    return text


def log_json(text: str) -> str:
    """Return the text as a JSON string of a log line: damaged, ASCII, `/` escaped."""
    return json.dumps(damage(text)).replace("/", "\\/")
