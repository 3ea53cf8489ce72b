"""Those who listen to a run: logs, metrics, lineage, notifications, live state."""
