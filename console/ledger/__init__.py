"""The late-event ledger: of what was accepted, how much came in time."""
