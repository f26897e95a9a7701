"""`weir demo`: a day of usage in a minute, with kills on the way, and the proof that nothing was lost."""
