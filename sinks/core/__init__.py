"""The pure parts that all sinks share."""
