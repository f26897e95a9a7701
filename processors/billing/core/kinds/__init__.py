"""One file for each kind of object: Stripe's shapes of it, old and new, read into one row."""
