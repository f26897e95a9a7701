"""Stripe's webhooks, as people look at them."""
