"""The mirror of Stripe's objects, as people look at it."""
