"""How the simulated Coupa describes its documents and paths.

A model is declared in one text, attribute by attribute:

| written | means |
| --- | --- |
| `name` | text |
| `id:int` `active:bool` `price:d6` `created-at:time` | integer, boolean, decimal with 6 places, instant |
| `supplier>supplier` | a reference to one document of that model |
| `order-lines*order_line` | a list of documents of that model, inside this one |
| `custom-fields:free` | anything |
| `!status` | output only: written values are ignored without a word, as the real system does |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal["text", "int", "bool", "decimal", "time", "one", "many", "free"]

_WORD = re.compile(r"(?P<ro>!?)(?P<name>[a-z0-9_?-]+)(?:(?P<mark>[:>*])(?P<what>[a-z0-9_]+))?")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a model."""

    name: str
    kind: Kind
    model: str = ""
    """Of `one` and `many`."""
    places: int = 0
    """Of `decimal`."""
    is_read_only: bool = False


@dataclass(frozen=True)
class Model:
    """One shape of document."""

    name: str
    attributes: Mapping[str, Attribute]
    keys: tuple[str, ...] = ("id",)
    """By which a reference to it resolves."""
    title: str = ""
    """The class name in messages."""
    also_shown: tuple[str, ...] = ()

    @cached_property
    def stub(self) -> tuple[str, ...]:
        """What a reference shows when nobody asks for more: id, keys and a few more."""
        return tuple(dict.fromkeys(("id", *self.keys, *self.also_shown)))


@dataclass(frozen=True)
class Resource:
    """One path below /api."""

    path: str
    model: str
    scope: str
    """Service and object; `.read` or `.write` is added."""
    verbs: frozenset[str]
    """Of index, show, create, update."""
    unique: tuple[str, ...] = ()
    """Attributes that no two documents may share."""
    required: tuple[str, ...] = ()
    error_key: str = ""
    """The member of an error body."""
    lookups: tuple[str, ...] = ()
    """Attributes that are indexed beside `unique`."""
    actions: frozenset[str] = frozenset()
    scopes: Mapping[str, str] = field(default_factory=dict)
    """Of actions and verbs that want another one than `.write`."""

    def scope_of(self, method: str, action: str | None) -> str:
        """Return what a token must be good for."""
        if method == "GET":
            return f"{self.scope}.read"
        name = action or ("create" if method == "POST" else "update")
        return self.scopes.get(name, f"{self.scope}.write")


def model(name: str, text: str, keys: str = "id", title: str = "", shows: str = "") -> Model:
    attributes = {}
    for word in text.split():
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r} is no attribute")
        what, mark = match["what"] or "", match["mark"]
        kind: Kind = "text"
        places = 0
        if mark == ">":
            kind = "one"
        elif mark == "*":
            kind = "many"
        elif what.startswith("d") and what[1:].isdigit():
            kind, places = "decimal", int(what[1:])
        elif what in ("int", "bool", "time", "free"):
            kind = what  # type: ignore[assignment]
        inner = what if mark in (">", "*") else ""
        attributes[match["name"]] = Attribute(match["name"], kind, inner, places, bool(match["ro"]))
    title = title or name.title().replace("_", "")
    return Model(name, attributes, tuple(keys.split()), title, tuple(shows.split()))


STAMPS = "!id:int !created-at:time !updated-at:time !created-by>user !updated-by>user"
SEGMENT_NAMES = " ".join(f"segment-{n}" for n in range(1, 21))
ADDRESS = (
    "name location-code street1 street2 street3 street4 city state state-iso-code postal-code attention "
    "active:bool country>country vat-number vat-country>country local-tax-number external-src-name "
    "external-src-ref custom-fields:free"
)
METHODS = "po-method po-change-method po-email payment-term>payment_term shipping-term>shipping_term"
