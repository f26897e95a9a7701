"""The pure rules of asking Stripe: when to ask, how often, and what of its list is still unread."""
