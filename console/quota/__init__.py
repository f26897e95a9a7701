"""Quotas as people look into them: the counter, the store and the limit, side by side."""
