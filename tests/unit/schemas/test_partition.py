"""A customer never moves to another partition: these vectors are for ever."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.partition import DEFAULT_PARTITIONS, partition_of, partition_of_tenant
from tests.unit.schemas.generated import names


@pytest.mark.parametrize(
    ("tenant", "customer", "partition"),
    [
        ("acme", "c-1", 9),
        ("acme", "c-2", 6),
        ("acme", "c-3", 8),
        ("acme", "c-60", 5),
        ("globex", "c-1", 8),
        ("müller", "ü", 7),
        ("t" * 128, "c" * 128, 11),
        ("a", "🛰", 0),
    ],
)
def test_the_partition_is_pinned(tenant: str, customer: str, partition: int) -> None:
    assert partition_of(tenant, customer, DEFAULT_PARTITIONS) == partition


@given(names, names, st.integers(1, 1_000))
def test_a_partition_is_one_of_those_that_there_are(tenant: str, customer: str, partitions: int) -> None:
    assert 0 <= partition_of(tenant, customer, partitions) < partitions


def test_tenant_and_customer_are_told_apart() -> None:
    assert partition_of("ab", "c", 1_000_003) != partition_of("a", "bc", 1_000_003)


def test_customers_spread_evenly() -> None:
    counts = Counter(partition_of("acme", f"c-{i}", DEFAULT_PARTITIONS) for i in range(12_000))
    assert all(850 < counts[partition] < 1_150 for partition in range(DEFAULT_PARTITIONS))


def test_the_partition_of_a_tenant_is_pinned() -> None:
    assert [partition_of_tenant(tenant, 12) for tenant in ("acme", "globex", "müller")] == [1, 3, 4]
