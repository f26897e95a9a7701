import pytest

from processors.usage.core.plans import Plans, is_plain
from schemas.catalog import MeterSet
from schemas.event import NO_QUANTITY
from schemas.meters import Aggregation, Meter, ValueMissing

API = Meter(name="api", event_type="api", default_one=True)
TRAFFIC = Meter(name="traffic", event_type="traffic", per_unit=2**30)
STORAGE = Meter(name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=2**30)
SIZE = Meter(name="size", event_type="storage", aggregation=Aggregation.MAX)
METERS = MeterSet(1, 0, 0, (API, TRAFFIC, STORAGE, SIZE))
PLANS = Plans().by_event_type(METERS)


def test_an_event_type_has_all_its_meters() -> None:
    assert [[measured.meter for measured in PLANS[name]] for name in ("api", "storage")] == [
        [API],
        [STORAGE, SIZE],
    ]
    assert "none" not in PLANS


@pytest.mark.parametrize("meter", [API, TRAFFIC, STORAGE, SIZE])
@pytest.mark.parametrize("quantity", [0, 1, 2_500_000, 10**25])
@pytest.mark.parametrize("rest", [b"", b'{"data":{"bytes":3,"hours":"0.5"}}'])
def test_the_short_cut_gives_what_the_meter_measures(meter: Meter, quantity: int, rest: bytes) -> None:
    [measured] = [each for each in PLANS[meter.event_type] if each.meter is meter]
    assert measured.value(quantity, rest) == meter.measure(quantity, rest)


def test_without_a_quantity_the_meter_decides() -> None:
    assert PLANS["api"][0].value(NO_QUANTITY, b"") == API.scale
    with pytest.raises(ValueMissing):
        PLANS["traffic"][0].value(NO_QUANTITY, b"")


def test_plans_that_look_into_data_are_not_plain() -> None:
    assert {name: is_plain(plan) for name, plan in PLANS.items()} == {
        "api": True,
        "traffic": True,
        "storage": False,
    }


def test_each_version_of_the_catalogue_has_plans_of_its_own() -> None:
    plans = Plans()
    assert set(plans.by_event_type(METERS)) == {"api", "traffic", "storage"}
    assert set(plans.by_event_type(MeterSet(2, 0, 0, (API,)))) == {"api"}
    assert plans.by_event_type(METERS) is plans.by_event_type(METERS)
