"""How rows look on the wire: links, children, `fields`, `expand`, and what each framework version changes.

| framework | children | ids | links, key, ETag |
| --- | --- | --- | --- |
| 1, 2 | bare array | numbers | `links` |
| 3 to 5 | collection object | numbers | `links` |
| 6 to 8 | collection object | numbers | `@context` |
| 9 | collection object | text | `@context` |
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Row, Value

MEDIA_COLLECTION: Final = "application/vnd.oracle.adf.resourcecollection+json"
MEDIA_ITEM: Final = "application/vnd.oracle.adf.resourceitem+json"
_MILLISECONDS: Final = ".000+"

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(document: object) -> bytes:
    """Return JSON with decimals as exact numbers."""
    return _encoder.encode(document)


@dataclass(frozen=True, slots=True)
class Branch:
    """Which attributes and children of one level are shown. `attributes` None: all."""

    attributes: frozenset[str] | None = None
    children: tuple[tuple[str, Branch], ...] = ()


EVERYTHING: Final = Branch()


@dataclass(frozen=True, slots=True)
class Shape:
    """In which form a client wants rows."""

    framework: int
    branch: Branch = EVERYTHING
    has_links: bool = True
    relations: frozenset[str] | None = None
    """Keep only these links. None: all."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows live: the address of their collection."""

    root: str
    """`.../fscmRestApi/resources/11.13.18.05` with origin."""
    path: str
    parent: str | None = None

    def item(self, row: Row) -> str:
        return f"{self.path}/{row.key}"

    def child(self, row: Row, name: str) -> Place:
        return Place(self.root, f"{self.path}/{row.key}/child/{name}", self.item(row))

    def href(self, path: str) -> str:
        return f"{self.root}/{path}"


def expand_branch(text: str, of: Resource) -> Branch:
    """Read an `expand` parameter; the parents of a nested child are implied."""
    if text == "all":
        return Branch(None, tuple((name, EVERYTHING) for name in of.children))
    wanted: dict[str, list[str]] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, rest = part.partition(".")
        if name not in of.children:
            raise refused("UNKNOWN_CHILD", child=name, resource=of.name)
        wanted.setdefault(name, []).extend([rest] if rest else [])
    return Branch(
        None, tuple((name, expand_branch(",".join(rest), of.children[name])) for name, rest in wanted.items())
    )


@dataclass(slots=True)
class _Chosen:
    """Attributes named so far by a `fields` parameter, level by level."""

    names: set[str] = field(default_factory=set)
    below: dict[str, _Chosen] = field(default_factory=dict)

    def branch(self) -> Branch:
        return Branch(frozenset(self.names), tuple((name, one.branch()) for name, one in self.below.items()))


def fields_branch(text: str, of: Resource) -> Branch:
    """Read a `fields` parameter: `A,B` of the row, `child:C,D` or `child.grandchild:E` of what is below it."""
    top = _Chosen()
    chosen, resource = top, of
    for separator, part in re.findall(r"(^|[;,])\s*([^;,]*)", text):
        path, colon, name = part.strip().rpartition(":")
        if colon or separator == ";":
            chosen, resource = top, of
            for child in filter(None, path.split(".")):
                if child not in resource.children:
                    raise refused("UNKNOWN_CHILD", child=child, resource=resource.name)
                resource = resource.children[child]
                chosen = chosen.below.setdefault(child, _Chosen())
        if name not in resource.attributes:
            raise refused("UNKNOWN_ATTRIBUTE", attribute=name, entity=resource.name)
        chosen.names.add(name)
    return top.branch()


class Renderer:
    """Turns rows into JSON."""

    def __init__(self, expanded_rows_max: int) -> None:
        self._expanded_rows_max = expanded_rows_max

    def item(self, row: Row, place: Place, shape: Shape) -> bytes:
        """Return one row; the JSON of a row that has not changed is kept."""
        key = (place.root, place.path, shape)
        known = row.rendered.get(key)
        return (
            known
            if known is not None
            else row.remember(key, encode(self._item(row, place, shape, shape.branch)))
        )

    def collection(
        self, items: Sequence[bytes], place: Place, shape: Shape, about: Mapping[str, Any]
    ) -> bytes:
        """Return the envelope around rendered rows."""
        envelope: dict[str, Any] = {"items": [msgspec.Raw(one) for one in items], **about}
        if shape.has_links:
            name = place.path.rpartition("/")[2]
            envelope["links"] = [_link("self", place.href(place.path), name, "collection")]
        return encode(envelope)

    def _item(self, row: Row, place: Place, shape: Shape, branch: Branch) -> dict[str, Any]:
        shown: dict[str, Any] = {
            name: _shown(value, row.resource.attributes[name].kind, shape.framework)
            for name, value in row.data.items()
            if branch.attributes is None or name in branch.attributes
        }
        for name, below in branch.children:
            shown[name] = self._children(row, name, place.child(row, name), shape, below)
        if shape.has_links:
            links = self._links(row, place, shape)
            if shape.framework >= 6:
                shown["@context"] = {"key": row.key, "headers": {"ETag": f'"{row.etag}"'}, "links": links}
            else:
                shown["links"] = links
        return shown

    def _children(self, row: Row, name: str, place: Place, shape: Shape, branch: Branch) -> Any:
        rows = row.children.get(name, [])
        most = self._expanded_rows_max
        items = [self._item(one, place, shape, branch) for one in rows[:most]]
        if shape.framework < 3:
            return items
        found: dict[str, Any] = {
            "items": items,
            "count": len(items),
            "hasMore": len(rows) > most,
            "limit": most,
            "offset": 0,
        }
        if shape.has_links:
            found["links"] = [_link("self", place.href(place.path), name, "collection")]
        return found

    def _links(self, row: Row, place: Place, shape: Shape) -> list[dict[str, Any]]:
        resource, own = row.resource, place.href(place.item(row))
        own_link = _link("self", own, resource.name, "item") | {"properties": {"changeIndicator": row.etag}}
        links = [own_link, _link("canonical", own, resource.name, "item")]
        if place.parent is not None:
            parent = place.parent.rsplit("/", 2)[-2]
            links.append(_link("parent", place.href(place.parent), parent, "item"))
        links += [_link("child", f"{own}/child/{name}", name, "collection") for name in resource.children]
        links += [_link("action", f"{own}/action/{name}", name, "other") for name in resource.actions]
        return [one for one in links if shape.relations is None or one["rel"] in shape.relations]


def _link(relation: str, href: str, name: str, kind: str) -> dict[str, Any]:
    return {"rel": relation, "href": href, "name": name, "kind": kind}


def _shown(value: Value, kind: str, framework: int) -> Value:
    """Return a value as this framework version writes it."""
    if kind == "id" and framework >= 9 and value is not None:
        return str(value)
    if kind == "instant" and isinstance(value, str) and _MILLISECONDS in value:
        return value.replace(_MILLISECONDS, "+")  # pods leave milliseconds out when there are none
    return value
