"""Stripe: the record of every webhook."""
