"""A meter turns events into integers without loss, and an aggregate into decimal text with one rounding."""

from contextlib import suppress
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.event import NO_QUANTITY
from schemas.meters import Aggregation, Meter, ValueMissing
from schemas.partial import Partial, merge, single
from schemas.quantity import MICRO, QuantityError, format_ratio, parse_micro

API = Meter(name="api", event_type="api", unit="requests", default_one=True)
STORAGE = Meter(
    name="storage", event_type="storage", unit="GB-hours", properties=("bytes", "hours"), per_unit=2**30
)
BANDWIDTH = Meter(name="bandwidth", event_type="bandwidth", unit="GB", properties=("bytes",), per_unit=2**30)
COMPUTE = Meter(
    name="compute", event_type="compute", unit="CPU-hours", properties=("cpu_seconds",), per_unit=3600
)


def answer(meter: Meter, *values: int) -> str:
    return meter.answer(reduce(merge, [single(at, value) for at, value in enumerate(values)]))


def data(members: str) -> bytes:
    return b'{"data":' + members.encode() + b"}"


@pytest.mark.parametrize(
    ("meter", "quantity_micro", "rest", "quantity"),
    [
        (API, NO_QUANTITY, b"", "1"),
        (API, 0, b"", "0"),
        (API, 2_500_000, b"", "2.5"),
        # Quantities are in the meter's unit ...
        (STORAGE, 3 * MICRO, b"", "3"),
        (BANDWIDTH, 100_000, b"", "0.1"),
        (COMPUTE, 1, b"", "0.000001"),
        # ... and source properties in theirs.
        (STORAGE, NO_QUANTITY, data('{"bytes":1073741824,"hours":1}'), "1"),
        (STORAGE, NO_QUANTITY, data('{"bytes":536870912,"hours":"0.5"}'), "0.25"),
        (STORAGE, NO_QUANTITY, data('{"bytes":1,"hours":1}'), "0.000000001"),  # 9.3e-10
        (BANDWIDTH, NO_QUANTITY, data('{"bytes":1610612736,"direction":"egress"}'), "1.5"),
        (COMPUTE, NO_QUANTITY, data('{"cpu_seconds":3600}'), "1"),
        (COMPUTE, NO_QUANTITY, data('{"cpu_seconds":"1.8"}'), "0.0005"),
        (COMPUTE, NO_QUANTITY, data('{"cpu_seconds":1}'), "0.000277778"),
        # Properties win where both are given.
        (BANDWIDTH, 7 * MICRO, data('{"bytes":1073741824}'), "1"),
        # Nothing of the meter's own in `data`: the quantity it is.
        (BANDWIDTH, 7 * MICRO, data('{"direction":"ingress"}'), "7"),
    ],
)
def test_an_event_is_worth_what_the_catalogue_says(
    meter: Meter, quantity_micro: int, rest: bytes, quantity: str
) -> None:
    assert answer(meter, meter.measure(quantity_micro, rest)) == quantity


@pytest.mark.parametrize(
    ("meter", "rest", "pointer", "code"),
    [
        (STORAGE, b"", "/quantity", "quantity_missing"),
        (STORAGE, data("{}"), "/quantity", "quantity_missing"),
        (STORAGE, data('{"bytes":1}'), "/data/hours", "property_missing"),
        (STORAGE, data('{"hours":1}'), "/data/bytes", "property_missing"),
        (BANDWIDTH, data('{"bytes":-1}'), "/data/bytes", "quantity_negative"),
        (BANDWIDTH, data('{"bytes":1e9}'), "/data/bytes", "quantity_invalid"),
        (BANDWIDTH, data('{"bytes":null}'), "/data/bytes", "quantity_invalid"),
        (BANDWIDTH, data('{"bytes":true}'), "/data/bytes", "quantity_invalid"),
        (BANDWIDTH, data('{"bytes":[1]}'), "/data/bytes", "quantity_invalid"),
        (BANDWIDTH, data('{"bytes":""}'), "/data/bytes", "quantity_invalid"),
        (BANDWIDTH, data('{"bytes":0.0000001}'), "/data/bytes", "quantity_too_precise"),
        (BANDWIDTH, data(f'{{"bytes":{"9" * 5_000}}}'), "/data/bytes", "quantity_too_large"),
        # What only a forged pack can hold.
        (BANDWIDTH, b"not json", "/data", "data_invalid"),
        (BANDWIDTH, b"[]", "/data", "data_invalid"),
        (BANDWIDTH, data("[1]"), "/data", "data_invalid"),
        (BANDWIDTH, b'{"data":{"bytes":"\xff"}}', "/data/bytes", "quantity_invalid"),
        (BANDWIDTH, b'{"data":{"x":' + b"[" * 100_000, "/data", "data_invalid"),
    ],
)
def test_an_event_without_a_usable_value_is_told_what_is_missing(
    meter: Meter, rest: bytes, pointer: str, code: str
) -> None:
    with pytest.raises(ValueMissing) as missing:
        meter.measure(NO_QUANTITY, rest)
    assert (missing.value.pointer, missing.value.code) == (pointer, code)


@given(st.binary(max_size=60))
def test_no_rest_does_worse_than_to_miss_its_value(rest: bytes) -> None:
    for meter in (API, STORAGE, BANDWIDTH):
        with suppress(ValueMissing):
            assert meter.measure(MICRO, rest) >= 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10**15)), min_size=1, max_size=20))
def test_quantities_and_properties_add_up_exactly_in_one_sum(events: list[tuple[bool, int]]) -> None:
    values, exact = [], Fraction(0)
    for as_quantity, number in events:
        if as_quantity:
            values.append(BANDWIDTH.measure(number, b""))
            exact += Fraction(number, MICRO)
        else:
            values.append(BANDWIDTH.measure(NO_QUANTITY, data(f'{{"bytes":{number}}}')))
            exact += Fraction(number, 2**30)
    assert Fraction(sum(values), BANDWIDTH.scale) == exact
    assert answer(BANDWIDTH, *values) == format_ratio(exact.numerator, exact.denominator)


def test_a_property_may_have_any_name() -> None:
    meter = Meter(name="m", event_type="m", properties=("file-size", "a b", "data"))
    value = meter.measure(NO_QUANTITY, data('{"a b":"0.5","data":3,"file-size":4,"x":{"a b":9}}'))
    assert answer(meter, value) == "6"


def micro_or_code(written: str) -> int | str:
    try:
        return BANDWIDTH.measure(NO_QUANTITY, data(f'{{"bytes":{written}}}'))
    except ValueMissing as missing:
        return missing.code


@given(st.integers(0, 10**21).map(str) | st.from_regex(r"[0-9]{0,21}\.?[0-9]{0,7}", fullmatch=True))
def test_a_property_is_read_as_every_other_quantity(text: str) -> None:
    try:
        micro: int | str = parse_micro(text)
    except QuantityError as error:
        micro = error.code
    assert micro_or_code(f'"{text}"') == micro
    assert micro_or_code(text) in {micro, "data_invalid"}  # as a number, 007 and 5. are no JSON


def test_rounding_happens_once_for_the_sum_not_once_an_event() -> None:
    third = COMPUTE.measure(NO_QUANTITY, data('{"cpu_seconds":1200}'))
    assert answer(COMPUTE, third) == "0.333333333"
    assert answer(COMPUTE, third, third, third) == "1"


@pytest.mark.parametrize(
    ("aggregation", "quantity"),
    [
        (Aggregation.COUNT, "3"),
        (Aggregation.SUM, "10.5"),
        (Aggregation.MIN, "0.5"),
        (Aggregation.MAX, "7"),
        (Aggregation.FIRST, "3"),
        (Aggregation.LATEST, "7"),
    ],
)
def test_an_aggregate_answers_as_its_meter_asks(aggregation: Aggregation, quantity: str) -> None:
    meter = Meter(name="m", event_type="m", aggregation=aggregation)
    values = [meter.measure(micro, b"") for micro in (3_000_000, 500_000, 7_000_000)]
    assert answer(meter, *values) == quantity


def test_counting_needs_no_quantity_and_summing_does() -> None:
    count = Meter(name="m", event_type="m", aggregation=Aggregation.COUNT)
    assert answer(count, count.measure(NO_QUANTITY, b""), count.measure(5, b"")) == "2"
    with pytest.raises(ValueMissing):
        Meter(name="m", event_type="m").measure(NO_QUANTITY, b"")


def test_the_largest_values_stay_exact() -> None:
    largest = 10**26 - 1  # 20 digits before the point
    value = STORAGE.measure(largest, b"")
    million = Partial(10**6, value * 10**6, value, value, 0, value, 0, value)
    assert STORAGE.answer(million) == "99999999999999999999999999"
