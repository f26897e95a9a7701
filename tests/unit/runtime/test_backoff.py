from itertools import islice

from runtime.backoff import delays


def test_waits_double_up_to_the_longest_and_stay_there() -> None:
    assert list(islice(delays(1, 5), 6)) == [1, 2, 4, 5, 5, 5]
