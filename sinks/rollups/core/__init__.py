"""The rollups sink's pure parts."""
