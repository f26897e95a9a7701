from console.books.core.entries import SheetRow
from console.demo.core.compact import compact


def row(tenant: str, counted: int, gap: int = 0) -> SheetRow:
    return SheetRow(tenant, "api", "2026-11-21T10:00:00Z", counted + 1, counted, 0, 0, 1, 0, 0, 0, 0, gap)


def test_each_tenant_has_a_line_and_the_last_one_is_the_sum() -> None:
    lines = compact([row("b", 5), row("a", 3), row("b", 7, gap=2)])
    assert [(line.tenant, line.counted, line.duplicate, line.gap) for line in lines] == [
        ("a", 3, 1, 0),
        ("b", 12, 2, 2),
        ("all", 15, 3, 2),
    ]


def test_what_nobody_sent_has_a_line_of_its_own() -> None:
    assert [line.tenant for line in compact([row("", 1)])] == ["(nobody)", "all"]


def test_an_empty_sheet_has_a_sum_of_nothing() -> None:
    assert [line.logged for line in compact([])] == [0]
