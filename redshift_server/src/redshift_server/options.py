"""How a server translates: settings that hold for all of its sessions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Choices that change what PostgreSQL is asked."""

    serializable: bool = False
    shuffle: bool = True
