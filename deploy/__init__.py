"""How Weir runs: the local stack, containers, Prometheus."""
