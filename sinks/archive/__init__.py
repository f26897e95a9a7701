"""The archive sink: usage, verdicts and webhooks as Parquet, the long memory of what happened."""
