"""The whole stack on one machine, with nothing but Python: Kafka, PostgreSQL and our processes."""
