"""What Stripe's events mean: the newest state of each object, whatever order they come in."""
