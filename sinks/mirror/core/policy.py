"""When an event that could not be handled is tried again, and when no more."""

from typing import Final

from schemas.instant import MINUTE_MS, SECOND_MS

#: After the first, second and third failure. What fails once more is given up.
DELAYS_MS: Final = (10 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS)
