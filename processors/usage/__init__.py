"""Usage: dedupe, meters, hour windows, and the fate of every event."""
