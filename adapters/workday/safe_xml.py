"""XML from outside, read with limits: no document type, no entities, and never deeper or larger than what we expect.

The standard library's expat does the parsing; here is what it must not be asked to do. Elements and attributes are known by their
local names: all that Workday sends is in one namespace, and envelopes have other names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

DEPTH_MAX: Final = 60
ELEMENTS_MAX: Final = 2_000_000


class UnsafeXmlError(ValueError):
    """The document is not XML, or holds what no answer of ours needs."""


class Node:
    """One element."""

    __slots__ = ("attributes", "children", "parts", "tag")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Node] = []
        self.parts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.parts).strip()

    def find(self, path: str) -> Node | None:
        """Return the first element at a path of names."""
        return next(self.all(path), None)

    def all(self, path: str) -> Iterator[Node]:
        """Yield all elements at a path of names, in order."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.tag == name:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def value(self, path: str) -> str | None:
        """Return the text at a path; None: there is none."""
        found = self.find(path)
        return (found.text or None) if found is not None else None

    def walk(self) -> Iterator[Node]:
        """Yield this element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(content: bytes) -> Node:
    """Return the document's root.

    >>> parse(b"<a><b>1</b></a>").value("b")
    '1'
    >>> parse(b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')
    Traceback (most recent call last):
    adapters.workday.safe_xml.UnsafeXmlError: it declares a document type
    """
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_entity
    parser.ExternalEntityRefHandler = _refuse_entity
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise UnsafeXmlError(
            f"it is not XML at line {error.lineno}, column {error.offset} ({expat.ErrorString(error.code)})"
        ) from None
    if builder.root is None:
        raise UnsafeXmlError("it holds no element")
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEPTH_MAX:
            raise UnsafeXmlError(f"it is nested more than {DEPTH_MAX} elements deep")
        if self._count > ELEMENTS_MAX:
            raise UnsafeXmlError(f"it has more than {ELEMENTS_MAX:,} elements")
        node = Node(_local(name), {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, data: str) -> None:
        if self._open:
            self._open[-1].parts.append(data)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse_doctype(*_: object) -> None:
    raise UnsafeXmlError("it declares a document type")


def _refuse_entity(*_: object) -> int:
    raise UnsafeXmlError("it declares an entity")
