"""`weir bench` from the first to the last step."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from console.bench.baselines.compare import measure_baselines
from console.bench.bench import Bench
from console.bench.figures import Figures
from console.bench.plan import Plan, chosen
from console.bench.proof import Proof, holds
from console.bench.report import Report, loop_cpu_seconds, print_baselines
from console.bench.scale import FULL, SMOKE, Scale
from console.bench.stage import open_stage
from console.bench.start_up import measure_start
from console.bench.warm_up import warm_up
from deploy.local.say import Say
from schemas.instant import format_instant


class Wish(NamedTuple):
    """What the user asked for."""

    smoke: bool
    baselines: bool
    repeat: int | None
    json: Path
    only: tuple[str, ...]
    begun_at_ms: int


def run_bench(wish: Wish, say: Say) -> bool:
    """Measure, print and write down; say whether nothing was lost, double or out of balance.

    Raises TryAgain when something did not start or recover, Misconfigured.
    """
    plan = chosen(wish.only)
    scale = SMOKE if wish.smoke else FULL
    if wish.repeat is not None:
        scale = scale._replace(repeat=wish.repeat)
    figures = Figures()
    about: dict[str, Any] = {
        "begun_at": format_instant(wish.begun_at_ms),
        "smoke": wish.smoke,
        "load_average_before": os.getloadavg(),
        "loop_cpu_seconds": [loop_cpu_seconds()],
    }
    try:
        if plan.measurements or wish.baselines:
            _measure(plan, scale, figures, say, baselines=wish.baselines)
        if plan.starts:
            say("measuring the start of a processor with a large state")
            measure_start(figures, scale, say)
    except Exception as error:
        about["failed"] = str(error)  # what was measured before is worth as much as it was
        raise
    finally:
        about["load_average_after"] = os.getloadavg()
        about["loop_cpu_seconds"].append(loop_cpu_seconds())
        report = Report(figures, scale)
        report.print_table()
        print_baselines(figures)
        report.write_json(wish.json, about)
        say(f"written: {wish.json.absolute()}")
    return holds(figures)


def _measure(plan: Plan, scale: Scale, figures: Figures, say: Say, *, baselines: bool) -> None:
    with open_stage(say) as stage:
        bench = Bench(stage, scale, figures, Proof(stage.settings, figures, say))
        if plan.measurements:
            warm_up(bench)
        for each in plan.measurements:
            say(f"measuring {each.what}")
            each.measure(bench)
        say("recounting the log")
        bench.proof.balance()
        if baselines:
            say("measuring what people use instead")
            measure_baselines(bench)
