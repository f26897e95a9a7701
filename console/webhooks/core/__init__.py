"""The pure rules of looking at webhooks."""
