"""The pure rules of the ledger."""
