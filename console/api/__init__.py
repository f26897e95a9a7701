"""The read API: usage, the fate of an event, the balance sheet, Stripe's webhooks. It changes nothing."""
