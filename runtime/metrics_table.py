"""The table of docs/metrics.md."""

from schemas.metric import Label, Metric
from schemas.metrics import all_metrics
from schemas.process import PROCESSES


def markdown() -> str:
    """Return every metric as a row: name, type, labels with their closed values, meaning, who exports it."""
    head = "| name | type | labels | meaning | exported by |\n|---|---|---|---|---|\n"
    return head + "".join(_row(metric) for metric in all_metrics())


def _row(metric: Metric) -> str:
    labels = ", ".join(_label(label) for label in metric.labels)
    exporters = "all" if metric.processes == PROCESSES else ", ".join(metric.processes)
    return f"| `{metric.full_name}` | {metric.kind} | {labels} | {metric.help} | {exporters} |\n"


def _label(label: Label) -> str:
    # A bare | would end the cell.
    values = "\\|".join(label.values)
    return f"{label.name}={values}" if values else label.name
