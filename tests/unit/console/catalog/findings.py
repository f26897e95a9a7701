"""What the checker finds in a document."""

from console.catalog.core.check import check
from console.catalog.document import NotADocumentError, parse
from schemas.meters import Meter


def findings_of(text: str, *in_force: Meter) -> list[str]:
    """Return what the checker finds in *text*, with *in_force* the meters so far."""
    try:
        return [str(finding) for finding in check(parse(text), in_force)[1]]
    except NotADocumentError as error:
        return [str(finding) for finding in error.findings]
