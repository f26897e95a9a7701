"""Which partition a customer's events belong to.

The number of partitions is fixed for the life of an installation, and so is this function:
a customer that moved to another partition would be deduplicated against a stranger's index.
"""

from typing import Final

from xxhash import xxh3_64_intdigest

DEFAULT_PARTITIONS: Final = 12


def partition_of(tenant: str, customer: str, partitions: int) -> int:
    """Return the partition, 0 to *partitions* - 1, of everything about one customer."""
    return xxh3_64_intdigest(f"{tenant}\0{customer}".encode()) % partitions


def partition_of_tenant(tenant: str, partitions: int) -> int:
    """Return the partition, 0 to *partitions* - 1, of what concerns a tenant as a whole."""
    return xxh3_64_intdigest(tenant.encode()) % partitions
