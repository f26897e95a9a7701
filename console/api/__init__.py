"""The read API: usage, the fate of an event, the balance sheet. It changes nothing."""
