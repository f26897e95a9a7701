"""What Weir is held against: the programs that people write by hand, each in a few lines.

They get the same requests, PostgreSQL and Kafka as Weir in the same run, and say what they lack.
"""
