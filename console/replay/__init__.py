"""What is stored, made once more from the log and the archive: the same, or something is wrong."""
