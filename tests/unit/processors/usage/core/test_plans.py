import pytest

from processors.usage.core.plans import Plans
from schemas.catalog import MeterSet
from schemas.event import NO_QUANTITY
from schemas.meters import Aggregation, Meter, ValueMissing

API = Meter(name="api", event_type="api", default_one=True)
TRAFFIC = Meter(name="traffic", event_type="traffic", per_unit=2**30)
STORAGE = Meter(name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=2**30)
SIZE = Meter(name="size", event_type="storage", aggregation=Aggregation.MAX)
COMPUTE = Meter(name="compute", event_type="compute", properties=("seconds",), per_unit=3600)
METERS = MeterSet(1, 0, 0, (API, TRAFFIC, STORAGE, SIZE, COMPUTE))
PLANS = Plans().by_event_type(METERS)


def test_an_event_type_has_all_its_meters() -> None:
    assert {name: plan.meters for name, plan in PLANS.items()} == {
        "api": (API,),
        "traffic": (TRAFFIC,),
        "storage": (STORAGE, SIZE),
        "compute": (COMPUTE,),
    }


@pytest.mark.parametrize("name", ["api", "traffic", "storage", "compute"])
@pytest.mark.parametrize("quantity", [0, 1, 2_500_000, 10**25])
@pytest.mark.parametrize("rest", [b"", b'{"data":{"bytes":3,"hours":"0.5","seconds":7}}'])
def test_the_short_cut_gives_what_the_meters_measure(name: str, quantity: int, rest: bytes) -> None:
    plan = PLANS[name]
    assert plan.measure(quantity, rest) == tuple(meter.measure(quantity, rest) for meter in plan.meters)


def test_without_a_quantity_the_meter_decides() -> None:
    assert PLANS["api"].measure(NO_QUANTITY, b"") == (API.scale,)
    with pytest.raises(ValueMissing):
        PLANS["traffic"].measure(NO_QUANTITY, b"")


def test_each_version_of_the_catalogue_has_plans_of_its_own() -> None:
    plans = Plans()
    assert set(plans.by_event_type(METERS)) == {"api", "traffic", "storage", "compute"}
    assert set(plans.by_event_type(MeterSet(2, 0, 0, (API,)))) == {"api"}
    assert plans.by_event_type(METERS) is plans.by_event_type(METERS)
