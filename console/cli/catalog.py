"""`weir catalog`: the meters and the plans."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from console.catalog import document
from console.catalog.core.check import Draft, check
from console.catalog.core.tree import Finding
from console.cli.place import find_settings, with_settings
from console.cli.run import BAD_ANSWER
from console.cli.show import Format, example, format_option, say, show
from console.control.customers import plans_in_use
from console.control.versions import apply_version, newest_meters, of_operator, versions
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.catalog import MetersPublished
from schemas.errors import AlreadyDone, Misconfigured
from schemas.instant import format_instant, parse_instant
from schemas.meters import Meter
from schemas.plan import Plan
from schemas.quantity import format_micro
from schemas.use_limit import UseLimit

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def command() -> None:
    """The catalogue: what is measured, in which unit, how long an event may be late, and the plans."""


@command.command("check", epilog=example("weir catalog check meters.yaml"))
@click.argument("file", type=_FILE)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder of the stack.")
@format_option
def check_(file: Path, data: Path | None, output: Format) -> int:
    """Check FILE and print every finding with its line; exit 1 if there is one.

    Where a stack runs, FILE is also held against the meters in force.
    """
    try:
        known = _known(find_settings(data))
    except Misconfigured:
        if data is not None:
            raise
        known = _Known((), {})
    _, findings = _checked(file, known)
    say(f"{file}: {len(findings)} findings")
    show(output, Finding._fields, findings, [finding._asdict() for finding in findings])
    return BAD_ANSWER if findings else 0


@command.command(epilog=example("weir catalog apply meters.yaml --effective-from 2026-12-01T00:00:00Z"))
@click.argument("file", type=_FILE, required=False)
@click.option(
    "--effective-from", metavar="TIME", help="A full hour, 10 minutes ahead or more; default: the first."
)
@click.option("--if-empty", is_flag=True, help="Do nothing if there is a catalogue already.")
@format_option
@with_settings
def apply(
    settings: Settings, file: Path | None, effective_from: str | None, output: Format, *, if_empty: bool
) -> int:
    """Make FILE (default: the meters that ship with Weir) the next version of the catalogue.

    The first version holds from the beginning.
    """
    wanted_ms = None if effective_from is None else _instant(effective_from)
    file = file or document.shipped("shipped")
    draft, findings = _checked(file, _known(settings))
    if findings:
        for finding in findings:
            say(f"{file}: {finding}")
        return BAD_ANSWER
    with connect(settings, "catalog", autocommit=True) as connection:
        try:
            published = apply_version(
                connection, draft, time.time_ns() // 1_000_000, wanted_ms, if_empty=if_empty
            )
        except AlreadyDone as done:
            say(f"nothing to do: {done}")
            return 0
    start = "the beginning" if published.version == 1 else format_instant(published.effective_from_ms)
    say(f"version {published.version} holds from {start} on")
    _show(published, output)
    return 0


@command.command("show", epilog=example("weir catalog show --format json"))
@format_option
@with_settings
def show_(settings: Settings, output: Format) -> int:
    """Print the newest version."""
    settings.need("postgres")
    with connect(settings, "catalog", autocommit=True) as connection:
        published = versions(connection)
    if not published:
        say("there is no catalogue yet: `weir catalog apply`")
        return BAD_ANSWER
    _show(published[-1], output)
    return 0


class _Known(NamedTuple):
    """What a new version may not contradict."""

    meters: tuple[Meter, ...]
    #: With the number of their customers.
    plans: Mapping[str, int]


def _checked(file: Path, known: _Known) -> tuple[Draft, list[Finding]]:
    try:
        return check(document.read(file), known.meters, known.plans)
    except document.NotADocumentError as error:
        return Draft(0, ()), error.findings


def _known(settings: Settings) -> _Known:
    settings.need("postgres")
    with connect(settings, "catalog", autocommit=True) as connection:
        return _Known(tuple(newest_meters(versions(connection)).values()), plans_in_use(connection))


def _instant(text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}", param_hint="--effective-from") from None


def _show(version: MetersPublished, output: Format) -> None:
    published = of_operator(version)
    columns = (
        "meter",
        "event_type",
        "aggregation",
        "unit",
        "properties",
        "per_unit",
        "without_quantity",
        "filters",
        "group_by",
        "unique_by",
    )
    rows = [
        (
            m.name,
            m.event_type,
            m.aggregation,
            m.unit,
            m.properties,
            m.per_unit,
            "1" if m.default_one else "refused",
            tuple(f"{each.property}: {'|'.join(each.one_of)}" for each in m.filters),
            m.group_by,
            m.unique_by,
        )
        for m in published.meters
    ]
    value = {
        "version": published.version,
        "effective_from": format_instant(published.effective_from_ms),
        "grace_seconds": published.grace_ms // 1_000,
        "meters": [msgspec.structs.asdict(meter) for meter in published.meters],
        "plans": [_shown(plan) for plan in published.plans],
        "default_plan": published.default_plan,
    }
    show(output, columns, rows, value)
    if output == "table" and published.plans:
        _show_plans(published)
    if output == "table" and any(plan.limits for plan in published.plans):
        _show_limits(published)


def _show_plans(published: MetersPublished) -> None:
    columns = ("plan", "meter", "limit", "mode", "period", "thresholds", "grace_seconds", "on_unavailable")
    rows = [
        (
            plan.name + ("*" if plan.name == published.default_plan else ""),
            quota.meter,
            "unlimited" if quota.limit_micro is None else format_micro(quota.limit_micro),
            quota.mode,
            quota.period,
            ", ".join(f"{percent} %" for percent in quota.thresholds),
            quota.grace_ms // 1_000,
            plan.on_unavailable,
        )
        for plan in published.plans
        for quota in plan.quotas
    ]
    show("table", columns, rows, None)


def _show_limits(published: MetersPublished) -> None:
    columns = ("plan", "meter", "per_second", "burst", "per_minute", "concurrent")
    rows = [
        (plan.name, *("-" if each is None else each for each in _shown_limit(limit).values()))
        for plan in published.plans
        for limit in plan.limits
    ]
    show("table", columns, rows, None)


def _shown_limit(limit: UseLimit) -> dict[str, object]:
    amounts = (limit.per_second_micro, limit.burst_micro, limit.per_minute_micro)
    per_second, burst, per_minute = (None if each is None else format_micro(each) for each in amounts)
    return {
        "meter": limit.meter,
        "per_second": per_second,
        "burst": burst,
        "per_minute": per_minute,
        "concurrent": limit.concurrent,
    }


def _shown(plan: Plan) -> dict[str, object]:
    return {
        "name": plan.name,
        "on_unavailable": plan.on_unavailable,
        "upgrade_url": plan.upgrade_url,
        "quotas": [
            {
                "meter": quota.meter,
                "limit": None if quota.limit_micro is None else format_micro(quota.limit_micro),
                "mode": quota.mode,
                "period": quota.period,
                "thresholds": quota.thresholds,
                "grace_seconds": quota.grace_ms // 1_000,
            }
            for quota in plan.quotas
        ],
        "limits": [_shown_limit(limit) for limit in plan.limits],
    }
