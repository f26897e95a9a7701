import pytest

from console.bench.core.spread import Spread, percentile, spread


def test_the_median_and_the_extremes_are_told() -> None:
    assert spread([5.0, 1.0, 3.0]) == Spread(3.0, 1.0, 5.0, 3)
    assert spread([2.0]) == Spread(2.0, 2.0, 2.0, 1)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(50, 50.0), (99, 99.0), (100, 100.0), (1, 1.0), (0, 1.0)],
)
def test_a_percentile_is_one_of_the_values(percent: int, expected: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], percent) == expected


def test_of_few_values_the_99th_percentile_is_the_worst() -> None:
    assert percentile([1.0, 9.0, 3.0], 99) == 9.0
