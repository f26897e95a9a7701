import pytest

from processors.usage.core.recipes import Recipes
from schemas.catalog import MeterSet
from schemas.event import NO_QUANTITY
from schemas.meters import Aggregation, Meter, ValueMissing

API = Meter(name="api", event_type="api", default_one=True)
TRAFFIC = Meter(name="traffic", event_type="traffic", per_unit=2**30)
STORAGE = Meter(name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=2**30)
SIZE = Meter(name="size", event_type="storage", aggregation=Aggregation.MAX)
COMPUTE = Meter(name="compute", event_type="compute", properties=("seconds",), per_unit=3600)
METERS = MeterSet(1, 0, 0, (API, TRAFFIC, STORAGE, SIZE, COMPUTE))
RECIPES = Recipes().by_event_type(METERS)


def test_an_event_type_has_all_its_meters() -> None:
    assert {name: recipe.meters for name, recipe in RECIPES.items()} == {
        "api": (API,),
        "traffic": (TRAFFIC,),
        "storage": (STORAGE, SIZE),
        "compute": (COMPUTE,),
    }


@pytest.mark.parametrize("name", ["api", "traffic", "storage", "compute"])
@pytest.mark.parametrize("quantity", [0, 1, 2_500_000, 10**25])
@pytest.mark.parametrize("rest", [b"", b'{"data":{"bytes":3,"hours":"0.5","seconds":7}}'])
def test_the_short_cut_gives_what_the_meters_measure(name: str, quantity: int, rest: bytes) -> None:
    recipe = RECIPES[name]
    assert recipe.measure(quantity, rest) == tuple(meter.measure(quantity, rest) for meter in recipe.meters)


def test_without_a_quantity_the_meter_decides() -> None:
    assert RECIPES["api"].measure(NO_QUANTITY, b"") == (API.scale,)
    with pytest.raises(ValueMissing):
        RECIPES["traffic"].measure(NO_QUANTITY, b"")


def test_each_version_of_the_catalogue_has_plans_of_its_own() -> None:
    recipes = Recipes()
    assert set(recipes.by_event_type(METERS)) == {"api", "traffic", "storage", "compute"}
    assert set(recipes.by_event_type(MeterSet(2, 0, 0, (API,)))) == {"api"}
    assert recipes.by_event_type(METERS) is recipes.by_event_type(METERS)
