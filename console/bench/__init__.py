"""`weir bench`: measures a stack of its own, and counts loss and duplicates in the same runs."""
