"""Reads the members of Stripe's objects: what is missing is None, what is of another shape is refused."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Self

from schemas.errors import Reject
from schemas.instant import LAST_MS, SECOND_MS

#: What PostgreSQL keeps of a whole number.
_MOST: Final = 2**63 - 1


class Members:
    """An object of Stripe's. Every method raises Reject for a member of another shape."""

    def __init__(self, found: object, path: str) -> None:
        """Read *found*; *path* is how errors call it."""
        if not isinstance(found, dict):
            raise Reject(f"{path} is no object")
        self._found: Mapping[str, Any] = found
        self._path = path

    def __contains__(self, name: str) -> bool:
        """Say whether there is a member *name* that is not null."""
        return self._found.get(name) is not None

    def raw(self, name: str) -> object:
        """Return a member, whatever it is."""
        return self._found.get(name)

    def text(self, name: str) -> str | None:
        """Return a text."""
        value = self._found.get(name)
        if value is None or isinstance(value, str):
            return None if value is None else storable(value)
        raise self._wrong(name, "text")

    def needed_text(self, name: str) -> str:
        """Return a text that has to be there."""
        value = self.text(name)
        if not value:
            raise self._wrong(name, "text")
        return value

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        value = self._found.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST:
            return value
        raise self._wrong(name, "a whole number")

    def needed_whole(self, name: str) -> int:
        """Return a whole number that has to be there."""
        value = self.whole(name)
        if value is None:
            raise self._wrong(name, "a whole number")
        return value

    def decimal(self, name: str) -> str | None:
        """Return a number, whole or not, as decimal text without zeros at its end."""
        value = self._found.get(name)
        if value is None:
            return None
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            try:
                number = Decimal(value)
            except ArithmeticError:
                raise self._wrong(name, "a number") from None
            if number.is_finite():
                return f"{number.normalize():f}"
        raise self._wrong(name, "a number")

    def flag(self, name: str) -> bool | None:
        """Return yes or no."""
        value = self._found.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong(name, "true or false")

    def moment_ms(self, name: str) -> int | None:
        """Return a moment, which Stripe gives in seconds, in milliseconds."""
        seconds = self.whole(name)
        if seconds is None:
            return None
        if not 0 <= seconds * SECOND_MS <= LAST_MS:
            raise self._wrong(name, "a moment")
        return seconds * SECOND_MS

    def reference(self, name: str) -> str | None:
        """Return the id of another object, which may stand there as a whole."""
        value = self._found.get(name)
        if isinstance(value, dict):
            return self.inner(name).text("id")
        return self.text(name)

    def inner(self, *names: str) -> "Members":
        """Return an object inside of this one; an empty one where there is none on the way."""
        found: object = self._found
        path = self._path
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
            path = f"{path}.{name}"
            if found is None:
                return Members({}, path)
            if not isinstance(found, dict):
                raise Reject(f"{path} is no object")
        return Members(found, path)

    def each(self, name: str) -> "Iterator[Members]":
        """Yield the objects of a list, or of one of Stripe's pages (`{"data": […]}`)."""
        path = f"{self._path}.{name}"
        for place, one in enumerate(self._list(name)):
            yield Members(one, f"{path}[{place}]")

    def references(self, name: str) -> tuple[str, ...]:
        """Return the ids in a list of ids or objects."""
        path = f"{self._path}.{name}"
        return tuple(
            reference
            for place, one in enumerate(self._list(name))
            if (reference := Members({"id": one}, f"{path}[{place}]").reference("id"))
        )

    def is_whole_page(self, name: str) -> bool:
        """Say whether a page has all there is."""
        value = self._found.get(name)
        return not (isinstance(value, dict) and value.get("has_more"))

    def texts(self, name: str) -> Mapping[str, str]:
        """Return names and texts, such as metadata."""
        found = self.inner(name)
        return {storable(key): text for key in found._found if (text := found.text(key))}  # noqa: SLF001 -- its own

    def some(self, *names: str) -> Mapping[str, str]:
        """Return the texts among *names* that are not empty."""
        return {name: text for name in names if (text := self.text(name))}

    @classmethod
    def of_event(cls, found: object) -> Self:
        """Return what an event is about."""
        return cls(found, "data.object")

    def _list(self, name: str) -> list[object]:
        value = self._found.get(name)
        if isinstance(value, dict):
            value = value.get("data")
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise self._wrong(name, "a list")

    def _wrong(self, name: str, wanted: str) -> Reject:
        return Reject(f"{self._path}.{name} is not {wanted}")


def storable(text: str) -> str:
    """Return *text* without what PostgreSQL cannot keep: NUL, and halves of characters."""
    if text.isascii() and "\0" not in text:
        return text
    return (
        text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
    )
