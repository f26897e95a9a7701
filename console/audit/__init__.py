"""The audit log: what people changed, read back, and proven to be whole."""
