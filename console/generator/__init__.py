"""Made-up usage over HTTP, repeatable by its seed, with the truth about it written down."""
