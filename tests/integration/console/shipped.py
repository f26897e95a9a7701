"""Catalogues, applied as the local stack does it."""

import time

from console.catalog.core.check import check
from console.catalog.core.tree import Node
from console.catalog.document import parse, read, shipped
from console.control.versions import apply_version
from runtime.postgres import Connection


def apply_shipped(connection: Connection) -> None:
    """Make the shipped meters the first version."""
    _apply(connection, read(shipped("shipped")))


def apply_meters(connection: Connection, text: str) -> None:
    """Make the meters in *text* the next version."""
    _apply(connection, parse(text))


def _apply(connection: Connection, document: Node) -> None:
    draft, findings = check(document)
    assert not findings
    apply_version(connection, draft, time.time_ns() // 1_000_000)
