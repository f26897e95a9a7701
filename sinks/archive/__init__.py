"""The archive sink: the raw log and the verdicts as Parquet, the long memory of what happened."""
