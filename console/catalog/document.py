"""Reads YAML into a tree that knows its lines. Nothing but plain values: no tags, no anchors."""

from pathlib import Path
from typing import Final

import yaml

from console.catalog.core.tree import Finding, Node
from schemas.errors import Misconfigured

_SHIPPED: Final = Path(__file__).parent
_CORE_TYPES: Final = {
    "tag:yaml.org,2002:str",
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:null",
}


class NotADocumentError(Exception):
    """The text is not a document that the checker could look at; `findings` says why and where."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.findings = [finding]


def shipped(name: str) -> Path:
    """Return the path of a catalogue that comes with Weir: shipped or demo."""
    return _SHIPPED / f"{name}.yaml"


def read(path: Path) -> Node:
    """Return the document at *path*. Raises Misconfigured, or NotADocumentError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise Misconfigured(f"{path} cannot be read ({why}): name a YAML file") from None
    return parse(text)


def parse(text: str) -> Node:
    """Return the document in *text*. Raises NotADocumentError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            raise NotADocumentError(Finding(1, "", "the document is empty"))
        return _node(root)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        raise NotADocumentError(Finding(line, "", f"not YAML: {getattr(error, 'problem', error)}")) from None


def _node(raw: yaml.Node) -> Node:
    line = raw.start_mark.line + 1
    if isinstance(raw, yaml.MappingNode):
        members: dict[str, Node] = {}
        for key, value in raw.value:
            name = str(key.value)
            if name in members:
                raise NotADocumentError(Finding(key.start_mark.line + 1, name, "stands twice in its mapping"))
            # A finding on an empty value points at its name.
            members[name] = _node(value)._replace(line=key.start_mark.line + 1)
        return Node(line, members)
    if isinstance(raw, yaml.SequenceNode):
        return Node(line, tuple(map(_node, raw.value)))
    if raw.tag not in _CORE_TYPES:
        # Floats and dates above all: they would not come back as they were written.
        return Node(line, str(raw.value))
    value = yaml.SafeLoader("").construct_object(raw)
    return Node(line, value)
