"""What listens is what was asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sparkify import observe
from sparkify.config import Settings
from sparkify.errors import ConfigError
from sparkify.observe.live import Live

ALL: dict[str, object] = {
    "log_format": "json",
    "metrics_file": Path("sparkify.prom"),
    "metrics_listen": "127.0.0.1:0",
    "lineage_url": "http://127.0.0.1:9",
    "lineage_file": Path("lineage.jsonl"),
    "notify_url": ("json://127.0.0.1:9",),
}


def test_without_options_there_is_the_live_state_alone() -> None:
    """And none where there is no file for it to stand beside."""
    with observe.listeners(Settings()) as found:
        assert [type(each) for each in found] == [Live]
    server = Settings(engine="postgres", host="db", db_name="music")
    with observe.listeners(server) as found:
        assert not found


@pytest.mark.parametrize("setting", ALL)
def test_a_missing_library_is_told(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the option, and what to install."""
    monkeypatch.setattr(observe, "find_spec", lambda _: None)
    settings = replace(Settings(), **{setting: ALL[setting]})  # type: ignore[arg-type]  # its own type
    match = rf"\[OBSERVE\] {setting.upper()} needs more packages.*elt\[observe\]"
    with pytest.raises(ConfigError, match=match), observe.listeners(settings):
        pass
    with observe.listeners(Settings()) as found:
        assert found


def test_metrics_are_served_by_a_process_that_stays_only() -> None:
    """A run that ends serves nobody."""
    settings = replace(Settings(), metrics_listen="127.0.0.1:0")
    with observe.listeners(settings) as found:
        assert [type(each).__name__ for each in found] == ["Live"]
    with observe.listeners(settings, serve=True) as found:
        assert [type(each).__name__ for each in found] == ["Live", "Metrics"]
