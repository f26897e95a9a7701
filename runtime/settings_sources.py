"""Where settings come from: the environment, a TOML file, the declared default; in that order."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

import msgspec

from runtime.setting import PREFIX, Item, Origin
from schemas.errors import Misconfigured
from schemas.process import Process

#: Names the TOML file; its keys are the settings' names without the prefix, in small letters.
FILE_VARIABLE: Final = "WEIR_SETTINGS"


class Sources(NamedTuple):
    """The two places that a person can write a setting to."""

    environ: Mapping[str, str]
    in_file: Mapping[str, Any]

    @classmethod
    def read(cls, environ: Mapping[str, str], file: Path | None = None) -> Self:
        """Return both sources; *file* goes before the one that WEIR_SETTINGS names."""
        named = environ.get(FILE_VARIABLE)
        path = file or (Path(named) if named else None)
        return cls(environ, _read(path) if path else {})

    def values(self, items: Iterable[Item], process: Process | None) -> dict[str, Any]:
        """Return each item's value, converted; raises Misconfigured with all that is wrong."""
        found: dict[str, Any] = {}
        faults: list[str] = []
        names = {"{process}": process or "weir"}
        for item in items:
            raw = _filled(self._find(item)[0], names)
            try:
                found[item.name] = _convert(item, raw)
            except msgspec.ValidationError as error:
                faults.append(f"{item.env}={item.shown(raw)} is wrong ({error}): {item.about.doc}")
            else:
                if process in item.about.needed_by and found[item.name] == "":
                    faults.append(f"{item.env} is not set and {process} needs it: {item.about.doc}")
        if faults:
            raise Misconfigured("; ".join(faults))
        folder = {"{data}": str(found.get("data", ""))}
        return {name: _filled(value, folder) for name, value in found.items()}

    def origins(self, items: Iterable[Item]) -> Mapping[str, Origin]:
        """Return where each item's value comes from, by name."""
        return MappingProxyType({item.name: self._find(item)[1] for item in items})

    def unknown(self, items: Iterable[Item]) -> tuple[str, ...]:
        """Return a finding for each name that looks like a setting and is none: often a slip of the pen."""
        names = {item.name for item in items}
        variables = {PREFIX + name.upper() for name in names} | {FILE_VARIABLE}
        strangers = [name for name in self.environ if name.startswith(PREFIX) and name not in variables]
        strangers += [f"{name} in the settings file" for name in self.in_file if name not in names]
        return tuple(f"{name} is no setting of Weir and does nothing" for name in sorted(strangers))

    def _find(self, item: Item) -> tuple[object, Origin]:
        if item.env in self.environ:
            return self.environ[item.env], "env"
        if item.name in self.in_file:
            return self.in_file[item.name], "file"
        return item.default, "default"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError as error:  # not UTF-8, or not TOML
        why = f"not TOML: {error}"
    raise Misconfigured(f"the settings file {path} cannot be read ({why}): mend it, or unset {FILE_VARIABLE}")


def _convert(item: Item, raw: object) -> object:
    # Not strict: the environment holds only text, and there "8080" is a port.
    return msgspec.convert(raw, item.type, strict=False, dec_hook=lambda to, value: to(value))


def _filled(value: object, names: Mapping[str, str]) -> object:
    if not isinstance(value, str):
        return value
    for name, meaning in names.items():
        value = value.replace(name, meaning)
    return value
