"""The pure rules of an event's fate."""
