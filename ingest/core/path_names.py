"""Names in a path: percent-encoded, and held to the rules of names everywhere."""

from urllib.parse import unquote

from ingest.core.problem import refuse
from schemas.admission import Finding, text_fault


def read_names(**parts: str) -> tuple[str, ...]:
    """Return the names that *parts* of a path stand for, by what each of them is. Raises Refused."""
    try:
        names = {what: unquote(part, errors="strict") for what, part in parts.items()}
    except UnicodeDecodeError:
        raise refuse("bad_request", "the names in the path must be UTF-8, percent-encoded") from None
    found: list[Finding | None] = [text_fault(f"/{what}", name) for what, name in names.items()]
    faults = [fault for fault in found if fault is not None]
    if faults:
        raise refuse("bad_request", "a name in the path can be none", *faults)
    return tuple(names.values())
