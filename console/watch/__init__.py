"""What looks on from the side: the outbox relay, the lag exporter, the hourly reconciliation, the canary."""
