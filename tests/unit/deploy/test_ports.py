import pytest

from deploy.local.ports import lay_out
from schemas.errors import Misconfigured


def test_the_ports_are_where_the_contract_says() -> None:
    ports = lay_out(8080, 2)
    assert ports[:6] == (8080, 8081, 8082, 8083, 8084, 8085)
    assert min(ports.health.values()) == 8090


def test_more_workers_move_nobody() -> None:
    one, four = lay_out(8080, 1).health, lay_out(8080, 4).health
    assert one.items() <= four.items()
    assert len(set(four.values())) == len(four) == 8


@pytest.mark.parametrize("base", [0, -5, 65_530])
def test_a_base_without_room_is_refused(base: int) -> None:
    with pytest.raises(Misconfigured, match=f"--port-base {base}"):
        lay_out(base, 1)
