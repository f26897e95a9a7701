"""Loss, doubles and sums of the runs that were measured, by their truth files; the gap by the books."""

from pathlib import Path

from console.bench.core.rows import EXACT
from console.bench.figures import Figures
from console.books.core.entries import Span
from console.books.reconcile import reconcile_usage
from console.generator.truth import check_truth
from deploy.local.say import Say
from runtime.settings import Settings


class Proof:
    """Adds up what was wrong, over all runs against one stack."""

    def __init__(self, settings: Settings, figures: Figures, say: Say) -> None:
        self._settings = settings
        self._figures = figures
        self._say = say

    def check(self, truth: Path) -> None:
        """Hold what is stored against the truth file of a run, and remove the file."""
        verdict = check_truth(self._settings, truth)
        self._figures.add("lost", verdict.lost)
        self._figures.add("double", verdict.double)
        self._figures.add("wrong-sums", verdict.wrong_sums)
        for line in verdict.examples:
            self._say(line)
        truth.unlink()

    def balance(self) -> None:
        """Recount the whole log and compare it with PostgreSQL."""
        sheet = reconcile_usage(self._settings, Span(), full=True)
        self._figures.add("gap", sheet.gap)
        for finding in sheet.findings:
            if finding.wrong:
                self._say(f"{finding.kind}: {finding.what}: {finding.detail}")


def holds(figures: Figures) -> bool:
    """Say whether nothing was lost, double, wrong or out of balance, in any run."""
    return not any(value for row in EXACT for value in figures.values[row])
