"""What all have in common that ask AWS by botocore."""

from __future__ import annotations

from typing import Any

from sparkify.config import Settings


def keys(settings: Settings) -> dict[str, Any]:
    """The keys of dwh.cfg, as sessions and clients take them; a profile has its own."""
    if not settings.aws_key or settings.aws_profile:
        return {}
    return {
        "aws_access_key_id": settings.aws_key,
        "aws_secret_access_key": settings.aws_secret,
        "aws_session_token": settings.aws_token or None,
    }


def told(error: Exception) -> str:
    """What AWS says, in one line, not too long, without the dot."""
    return " ".join(str(error).split())[:300].rstrip(".")
