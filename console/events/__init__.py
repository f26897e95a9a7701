"""The fate of one event: found by its id in the archive and on the log's tail, judged by the verdicts."""
