"""The rollups sink: usage, counts of fates and progress, from `weir.rollups` into PostgreSQL."""
