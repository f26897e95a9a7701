"""`weir quota`: what a customer may still use, and the same number from all sides."""

from typing import Final

import click
import msgspec

from console.cli.place import with_settings
from console.cli.reading import ask
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of, tenant_option
from console.quota.asked import Subject
from console.quota.counters import Counters, read_counters
from console.quota.reading import read_quotas, read_side_by_side
from runtime.settings import Settings
from schemas.partition import partition_of
from schemas.use_limit import LimitAnswer, Window

_COLUMNS: Final = (
    "customer",
    "meter",
    "plan",
    "limit",
    "used",
    "remaining",
    "percent",
    "unit",
    "mode",
    "level",
    "reset_at",
)


class _ShowByDefault(click.Group):
    """Takes what is no command of its own as the customer of `show`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* name."""
        named = [word for word in args[:1] if word in self.commands or word.startswith("-")]
        return super().resolve_command(ctx, args if named else ["show", *args])


@click.group(cls=_ShowByDefault, epilog=example("weir quota c-1", "weir quota debug c-1 api"))
def command() -> None:
    """Quotas of customers: `weir quota CUSTOMER` is `weir quota show CUSTOMER`."""


@command.command(
    "show", epilog=example("weir quota c-1 --tenant acme", "weir quota c-1 --meter api --format json")
)
@click.argument("customer")
@tenant_option("Whose customer")
@click.option("--meter", help="Only this meter; default: all that the customer's plan has.")
@format_option
@with_settings
def show_(settings: Settings, customer: str, tenant: str | None, meter: str | None, output: Format) -> None:
    """Show what CUSTOMER has used of its quotas in the period that contains now."""
    subject, counters = _asked(settings, customer, tenant, meter)
    found = ask(
        settings,
        lambda connection, moment: read_quotas(connection, settings, subject, counters, moment.now_ms),
    )
    rows = [tuple(_shown(getattr(each, column)) for column in _COLUMNS) for each in found]
    show(output, _COLUMNS, rows, found)
    if not found:
        say(f"the plan of {customer} has no quotas: name a meter with --meter")
    for each in found:
        crossed = ", ".join(f"{one.percent} % at {one.at}" for one in each.thresholds)
        if crossed:
            say(f"{each.meter}: reached {crossed}")
        if each.limits:
            say(f"{each.meter}: at most {', '.join(map(_limit_in_words, each.limits))}")
    if found:
        say(f"complete through {found[0].complete_through or 'nothing yet'} ({found[0].decision})")


@command.command(epilog=example("weir quota debug c-1 api"))
@click.argument("customer")
@click.argument("meter")
@tenant_option("Whose customer")
@format_option
@with_settings
def debug(settings: Settings, customer: str, meter: str, tenant: str | None, output: Format) -> None:
    """Show CUSTOMER's quota of METER from all sides: the counter that checks use, the store, the limit."""
    subject, counters = _asked(settings, customer, tenant, meter)
    [found] = ask(
        settings,
        lambda connection, moment: read_side_by_side(connection, settings, subject, counters, moment),
    )
    value = msgspec.to_builtins(found)
    rows = [(name, _shown(each)) for name, each in value.items()]
    show(output, ("of", "value"), rows, value)


def _asked(
    settings: Settings, customer: str, tenant: str | None, meter: str | None
) -> tuple[Subject, Counters]:
    settings.need("kafka", "postgres")
    subject = Subject(tenant_of(settings, tenant), customer, meter)
    partition = partition_of(subject.tenant, customer, settings.partitions)
    return subject, read_counters(settings, [partition])


def _limit_in_words(limit: LimitAnswer) -> str:
    if limit.window is Window.CONCURRENT:
        return f"{limit.limit} at the same time"
    at_once = f" ({limit.burst} at once)" if limit.burst else ""
    return f"{limit.limit} a {limit.window}{at_once}"


def _shown(value: object) -> object:
    return "-" if value is None else value
