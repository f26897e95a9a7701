"""The small shell that all processes share: settings, clients, metrics, health, logs, start and stop."""
