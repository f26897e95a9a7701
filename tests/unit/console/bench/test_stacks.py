from console.bench.core.stacks import Hot, hottest, own_time

LINES = [
    "main (a.py:1);read (b.py:2);decode (c.py:3) 6",
    "main (a.py:1);read (b.py:2) 1",
    "main (a.py:1);write (d.py:4);decode (c.py:3) 2",
    "main (a.py:1) 1",
    "",
    "no count",
]


def test_a_sample_belongs_to_the_innermost_function() -> None:
    own = own_time(LINES)
    assert own == {"decode (c.py:3)": 8, "read (b.py:2)": 1, "main (a.py:1)": 1}


def test_the_hottest_functions_come_first_with_their_share() -> None:
    assert hottest(own_time(LINES), 1) == [Hot("decode (c.py:3)", 80.0)]


def test_a_profile_without_samples_has_no_hot_functions() -> None:
    assert hottest(own_time([]), 5) == []
