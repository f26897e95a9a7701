"""The dead-letters sink: `weir.dead-letters` as a table, where people find and resolve them."""
