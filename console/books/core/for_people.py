"""The sheet as people see it: Weir's own events were recounted too, and stand in no row."""

import msgspec

from console.books.core.entries import Sheet
from schemas.canary import is_own


def for_people(sheet: Sheet) -> Sheet:
    """Return *sheet* without the rows of our own tenant; what is wrong there stays in gap and findings."""
    own = [row for row in sheet.rows if is_own(row.tenant)]
    return msgspec.structs.replace(
        sheet,
        rows=[row for row in sheet.rows if not is_own(row.tenant)],
        meters=[meter for meter in sheet.meters if not is_own(meter.tenant)],
        rejected=[each for each in sheet.rejected if not is_own(each.tenant)],
        in_flight=sheet.in_flight - sum(row.in_flight for row in own),
        own_events=sum(row.logged for row in own),
    )
