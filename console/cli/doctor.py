"""`weir doctor`: what is wrong with this installation, and what to do."""

import click
import msgspec

from console.cli.place import with_settings
from console.cli.run import BAD_ANSWER
from console.cli.show import Format, example, format_option, say, show
from console.doctor.core.check import Check
from console.doctor.examine import examine
from runtime.settings import Settings


@click.command(epilog=example("weir doctor", "weir doctor --format json"))
@format_option
@with_settings
def command(settings: Settings, output: Format) -> int:
    """Look at settings, connections, topics, readers, retention, disk, clocks and versions.

    A line for each: what was seen, and what to do about it; exit 1 if anything is wrong.
    """
    settings.need("kafka", "postgres")
    checks = examine(settings, say)
    findings = sum(not check.good for check in checks)
    rows = [(each.check, "good" if each.good else "WRONG", each.what, each.do) for each in checks]
    value = {"findings": findings, "checks": [msgspec.structs.asdict(each) for each in checks]}
    show(output, (*Check.__struct_fields__[:1], "state", *Check.__struct_fields__[2:]), rows, value)
    say(f"findings: {findings}" if findings else "all is well")
    return BAD_ANSWER if findings else 0
