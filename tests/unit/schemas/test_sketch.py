"""Sketches say what a set and a list say: exactly while there is little, within their bound after."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from fractions import Fraction
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from schemas import level, percentile, unique
from schemas.aggregate import EXACT, Rule
from schemas.errors import Reject
from schemas.meters import Aggregation, Meter
from schemas.partial import single
from schemas.sketch import EXACT_UP_TO, Kind, Sketch, merged, of_values, read_window

_NOTHING: Final = single(0, 0)
_RULES: Final = {
    50: Aggregation.P50.rule,
    95: Aggregation.P95.rule,
    99: Aggregation.P99.rule,
}
_KINDS: Final[Sequence[Kind]] = (unique.KIND, percentile.KIND, level.KIND)


def things(count: int, first: int = 0) -> list[int]:
    return [xxh3_64_intdigest(b"%d" % number) for number in range(first, first + count)]


def answer(rule: Rule, sketch: Sketch) -> Fraction:
    return Fraction(*rule.amount(_NOTHING, sketch, 1))


def least_not_below(values: Sequence[int], per_cent: int) -> int:
    """The reference: sort, and take the first that leaves enough at or below it."""
    ordered = sorted(values)
    return next(
        value for place, value in enumerate(ordered, 1) if Fraction(place, len(ordered)) * 100 >= per_cent
    )


def many(seed: int, count: int) -> list[int]:
    chance = Random(seed)
    return [int(chance.lognormvariate(12, 2)) for _ in range(count)]


#: Few and many, alike and different, near each other and far apart.
few_values = st.lists(st.integers(0, 300) | st.integers(0, 10**40), min_size=1, max_size=40)
many_values = st.builds(many, st.integers(0, 2**32), st.integers(1, 900))
any_values = few_values | many_values
some_things = st.builds(things, st.integers(1, 700), st.integers(0, 500))


@given(any_values, st.sampled_from([50, 95, 99]))
def test_a_percentile_is_a_measured_value_or_within_its_bound_of_it(values: list[int], per_cent: int) -> None:
    rule = _RULES[per_cent]
    sketch = of_values(percentile.KIND, values)
    truth, found = least_not_below(values, per_cent), answer(rule, sketch)
    if len(set(values)) <= EXACT_UP_TO:
        assert rule.error(sketch) == EXACT
        assert found == truth
    else:
        assert rule.error(sketch) == "0.008"
        assert abs(found - truth) <= truth * Fraction("0.008")


@pytest.mark.parametrize("doubling", range(0, 200, 7))
def test_both_ends_of_every_bucket_are_within_the_bound_of_its_middle(doubling: int) -> None:
    blur = [(1 << 210) + (number << 204) for number in range(EXACT_UP_TO + 1)]
    for value in {(1 << doubling) + step for step in (-1, 0, 1)} | {(1 << doubling) * 3 // 2}:
        # More of it than of the others, which are only there to be many.
        sketch = of_values(percentile.KIND, [value] * 2 * len(blur) + blur)
        assert not sketch.is_exact
        assert abs(answer(_RULES[50], sketch) - value) * 128 < max(value, 1)


@given(some_things)
def test_a_unique_count_is_exact_while_there_are_few(hashes: list[int]) -> None:
    sketch = of_values(unique.KIND, hashes * 2)
    rule = Aggregation.UNIQUE.rule
    if len(hashes) <= EXACT_UP_TO:
        assert rule.error(sketch) == EXACT
        assert answer(rule, sketch) == len(hashes)
    else:
        assert rule.error(sketch) == "0.049"
        assert abs(answer(rule, sketch) - len(hashes)) <= Fraction("0.049") * len(hashes)


@pytest.mark.parametrize("count", [257, 1_000, 3_000, 10_000, 30_000, 100_000])
def test_a_unique_counts_error_is_that_of_its_4096_registers(count: int) -> None:
    errors: list[Fraction] = []
    for run in range(12):
        sketch = of_values(unique.KIND, things(count, run * 1_000_000))
        errors.append(answer(Aggregation.UNIQUE.rule, sketch) / count - 1)
    assert max(map(abs, errors)) <= Fraction("0.049")
    # 1.6 per cent is the standard error of one; of the mean of twelve it is 0.5.
    assert abs(sum(errors, Fraction(0))) / 12 <= Fraction("0.015")


def test_the_estimate_is_that_of_the_paper_where_floats_compute_it() -> None:
    # Algorithm 6 of Ertl 2017 with doubles, for registers as many things leave them.
    sketch = of_values(unique.KIND, things(50_000))
    ranks = b"".join(
        page.ranks or b"" for page in sketch.pages.values() if isinstance(page, unique.UniquePage)
    )
    count, total = len(ranks), 0.0
    for rank in range(52, 0, -1):
        total = 0.5 * (total + ranks.count(rank))
    power, weight = ranks.count(0) / count, 1.0
    sigma = power
    while power > 1e-300:
        power *= power
        sigma += power * weight
        weight *= 2
    estimate = count * count / (2 * 0.6931471805599453 * (total + count * sigma))
    assert abs(float(answer(Aggregation.UNIQUE.rule, sketch)) - estimate) <= 0.51


def test_registers_at_their_highest_rank_are_counted_too() -> None:
    # A hash of which all but register and page is zero is met once in 2^52: here in some registers.
    hashes = [register << 52 for register in range(2_048)]
    found = answer(Aggregation.UNIQUE.rule, of_values(unique.KIND, hashes))
    assert 0 < found < 4_096
    every = of_values(unique.KIND, [register << 52 for register in range(4_096)])
    assert answer(Aggregation.UNIQUE.rule, every) > 10**18


@pytest.mark.parametrize("kind", _KINDS)
@given(parts=st.lists(any_values, min_size=1, max_size=4), chance=st.randoms())
@settings(max_examples=40, deadline=None)
def test_windows_merge_to_the_same_in_any_order_and_grouping(
    kind: Kind, parts: list[list[int]], chance: Random
) -> None:
    made = [of_values(kind, _of(kind, part)) for part in parts]
    whole = merged(kind, made).encode()
    chance.shuffle(made)
    assert merged(kind, made).encode() == whole
    cut = chance.randrange(len(made) + 1)
    assert merged(kind, [merged(kind, made[:cut]), merged(kind, made[cut:])]).encode() == whole


@pytest.mark.parametrize("kind", _KINDS)
@given(values=any_values, chance=st.randoms())
@settings(max_examples=60, deadline=None)
def test_values_come_to_the_same_in_any_order(kind: Kind, values: list[int], chance: Random) -> None:
    mixed = [*values]
    chance.shuffle(mixed)
    assert of_values(kind, _of(kind, mixed)).encode() == of_values(kind, _of(kind, values)).encode()


@pytest.mark.parametrize("kind", _KINDS)
@given(values=any_values, blurred=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_what_was_stored_is_read_as_it_was_whichever_pages_were_blurred_already(
    kind: Kind, values: list[int], blurred: int
) -> None:
    values = _of(kind, values)
    sketch = of_values(kind, values)
    stored = {number: page.encode() for number, page in sketch.pages.items()}
    assert read_window(kind, stored.items()).encode() == sketch.encode()
    if sketch.is_exact:
        return
    # The processor blurs a page when it next changes: some of a window's pages may be exact still.
    pages = {number: kind.page(number) for number in stored}
    for value in values:
        pages[kind.page_of(value)].add(value)
    for place, page in enumerate(pages.values()):
        if place & 7 <= blurred:
            page.blur()
    mixed = {number: page.encode() for number, page in pages.items()}
    assert read_window(kind, mixed.items()).encode() == sketch.encode()


def test_months_of_exact_hours_are_exact_however_many_values_they_have() -> None:
    hours = [of_values(unique.KIND, things(200, hour * 200)) for hour in range(40)]
    month = merged(unique.KIND, hours)
    assert Aggregation.UNIQUE.rule.error(month) == EXACT
    assert answer(Aggregation.UNIQUE.rule, month) == 8_000
    blurred = merged(unique.KIND, [*hours, of_values(unique.KIND, things(300))])
    assert Aggregation.UNIQUE.rule.error(blurred) == "0.049"


@pytest.mark.parametrize("kind", _KINDS)
@given(values=any_values, chance=st.randoms())
@settings(max_examples=150, deadline=None)
def test_damaged_pages_are_rejected_or_read_as_a_page(kind: Kind, values: list[int], chance: Random) -> None:
    for number, page in of_values(kind, _of(kind, values)).pages.items():
        content = bytearray(page.encode())
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(content))
            match chance.randrange(3):
                case 0:
                    content[place] = chance.randrange(256)
                case 1:
                    del content[place:]
                case 2:
                    content.insert(place, chance.randrange(256))
            if not content:
                break
        with suppress(Reject):
            assert kind.read(number, bytes(content)).encode()


@pytest.mark.parametrize("kind", _KINDS)
@given(content=st.binary(max_size=300))
def test_arbitrary_bytes_are_rejected_or_read_as_a_page(kind: Kind, content: bytes) -> None:
    with suppress(Reject):
        assert kind.read(3, content).encode() == content


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (unique.KIND, b""),
        (unique.KIND, b"\0"),
        (unique.KIND, b"\0" + bytes(7)),
        (unique.KIND, b"\0" + bytes(8)),  # a hash of page 0
        (unique.KIND, b"\0" + (3 << 60).to_bytes(8, "big") * 2),
        (unique.KIND, b"\1" + bytes(255)),
        (unique.KIND, b"\1" + bytes(255) + b"\x36"),
        (unique.KIND, b"\2" + bytes(256)),
        (percentile.KIND, b'["exact",[],[]]'),
        (percentile.KIND, b'["exact",[256],[]]'),
        (percentile.KIND, b'["exact",[1024],[0]]'),
        (percentile.KIND, b'["exact",[1024],[1.5]]'),
        (percentile.KIND, b'["exact",[-1],[1]]'),
        (percentile.KIND, b'["exact",[1024,1024],[1,1]]'),
        (percentile.KIND, b'["exact",[1],[1]]'),
        (percentile.KIND, b'["exact",[1024],[1],0]'),
        (percentile.KIND, b'["blurred",0,[1,-1,1]]'),
        (percentile.KIND, b'["blurred",-1,[1]]'),
        (percentile.KIND, b'["blurred",0,[]]'),
        (percentile.KIND, b'["blurred",0,[1,0]]'),
        (percentile.KIND, b'["blurred",0,[%b1]]' % (b"1," * 128)),
        (percentile.KIND, b'["blurred",99999999999999999999,[1]]'),
        (percentile.KIND, b'["other",[1]]'),
        (percentile.KIND, b"[" * 100_000),
        (level.KIND, b""),
        (level.KIND, b"[[],[]]"),
        (level.KIND, b"[[900000],[]]"),
        (level.KIND, b"[[900000],[-1]]"),
        (level.KIND, b"[[899999],[1]]"),
        (level.KIND, b"[[900000,1200000],[1,1]]"),
        (level.KIND, b"[[900000,900999],[1,1]]"),
        (level.KIND, b"[[900000],[1],0]"),
    ],
)
def test_what_is_no_page_3_is_rejected(kind: Kind, content: bytes) -> None:
    with pytest.raises(Reject):
        kind.read(3, content)


#: What is on the log stays readable: these texts are never mended.
@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (lambda: _page(unique.KIND, [xxh3_64_intdigest(b"user-1")]), "007c7615c11438e5c9"),
        (
            lambda: _page(percentile.KIND, [1_500_000, 1_500_000, 1_500_001]),
            '["exact",[1500000,1500001],[2,1]]',
        ),
        (
            lambda: _page(percentile.KIND, [1_048_576, 1_100_000, 1_100_000], blur=True),
            '["blurred",64,[1,0,0,2]]',
        ),
        # Of one second the last, of its last millisecond the highest.
        (
            lambda: _page(level.KIND, [level.KIND.entry_of(*each) for each in ((1_500, 9), (1_900, 2))]),
            "[[1900],[2]]",
        ),
        (
            lambda: _page(
                level.KIND, [level.KIND.entry_of(*each) for each in ((1_900, 9), (1_900, 2), (7, 5))]
            ),
            "[[7,1900],[5,9]]",
        ),
    ],
)
def test_pages_look_the_same_for_ever(page: Callable[[], bytes], expected: str) -> None:
    content = page()
    assert (content.hex() if content[:1] == b"\0" else content.decode()) == expected


def _page(kind: Kind, values: Iterable[int], *, blur: bool = False) -> bytes:
    page = kind.page(0)
    for value in values:
        page.add(value)
    if blur:
        page.blur()
    return page.encode()


def _of(kind: Kind, values: Iterable[int]) -> list[int]:
    """Return *values*, or hashes of them."""
    return [*values] if kind.has_amounts else [xxh3_64_intdigest(b"%d" % value) for value in values]


def test_meters_say_who_is_unique_by_texts_as_groups_do() -> None:
    meter = Meter(
        name="users", event_type="e", aggregation=Aggregation.UNIQUE, unique_by=("user", "/data/a/b")
    )
    alike = [
        b'{"data":{"user":"7","a":{"b":true}}}',
        b'{"data":{"a":{"b":"true"},"user":7}}',
        b'{"data":{"a":{"b":"tr\\u0075e"},"user":7}}',
    ]
    other = b'{"data":{"user":"7t","a":{"b":"rue"}}}'
    assert len({meter.measure(-1, rest) for rest in alike}) == 1
    assert len({meter.measure(-1, rest) for rest in (alike[0], other)}) == 2
    assert meter.answer_to(meter.measure(-1, other)) == "1"
