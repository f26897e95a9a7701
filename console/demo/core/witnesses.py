"""Picks events whose fate is worth showing: one that counted, one with a copy, one with a conflict."""

from collections.abc import Iterable
from typing import NamedTuple

from console.generator.attempt import Attempt


class Witness(NamedTuple):
    """One id, and what the sender knows of it."""

    about: str
    tenant: str
    customer: str
    source: str
    id: str


def witnesses(attempts: Iterable[Attempt]) -> list[Witness]:
    """Return the first id of each sort among *attempts*, as far as there is one; all had their 2xx."""
    sent: dict[str, list[Attempt]] = {}
    for each in attempts:
        if each.answer not in {"rejected", "none"}:
            sent.setdefault(each.id, []).append(each)
    found: dict[str, Witness] = {}
    for copies in sent.values():
        about = _about(copies)
        first = copies[0]
        found.setdefault(about, Witness(about, first.tenant, first.customer, first.source, first.id))
    return [found[about] for about in sorted(found)]


def _about(copies: list[Attempt]) -> str:
    if len(copies) == 1:
        return "sent once"
    same = all(copy.content == copies[0].content for copy in copies)
    return "sent again, the same" if same else "sent again with other content"
