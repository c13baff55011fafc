"""How a simulated Fusion's resources are described: attributes, keys, children, and what may be done to them.

Attributes are written `Name:kind:flags`. Kinds: `text` with a greatest length, `id`, `number`, `whole`,
`flag` (true/false), `date`, `instant`. Flags: `!` required to create, `c` may be sent at creation, `u` may be
patched, `h` hidden from `q`.

>>> attribute("Supplier:text360:!cu").is_required
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

Kind = Literal["text", "id", "number", "whole", "flag", "date", "instant"]
Operation = Literal["create", "update", "delete"]

_NOTATION = re.compile(r"^(\w+):(text|id|number|whole|flag|date|instant)(\d*)(?::([!cuh]*))?$")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a resource."""

    name: str
    kind: Kind
    length: int | None = None
    is_required: bool = False
    is_creatable: bool = False
    is_updatable: bool = False
    is_queryable: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource or child resource."""

    name: str
    title: str
    entity: str
    """What error texts call it."""
    key: str
    has_opaque_key: bool
    """True: the URL carries a hash, never the key itself."""
    attributes: Mapping[str, Attribute]
    children: Mapping[str, Resource]
    operations: frozenset[Operation] = frozenset()
    actions: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()
    """Attributes that are found without a scan."""
    finders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Finders beside PrimaryKey, with their mandatory variables."""
    has_list: bool = True
    collection_actions: tuple[str, ...] = ()
    """Actions of the collection: the row is named in the body."""
    base: str = "fscmRestApi"
    """First part of its address."""
    is_written_whole: bool = False
    """True: what a create answers with has its children in it."""


def attribute(notation: str) -> Attribute:
    """Read one `Name:kind:flags`."""
    found = _NOTATION.match(notation)
    if found is None:
        raise ValueError(f"{notation!r} is not an attribute")
    name, kind, length, flags = found.group(1), found.group(2), found.group(3), found.group(4) or ""
    return Attribute(
        name,
        cast("Kind", kind),
        int(length) if length else None,
        is_required="!" in flags,
        is_creatable="c" in flags,
        is_updatable="u" in flags,
        is_queryable="h" not in flags,
    )


def resource(
    name: str,
    title: str,
    key: str,
    attributes: str,
    *,
    children: Iterable[Resource] = (),
    can: Iterable[Operation] = (),
    has_opaque_key: bool = False,
    entity: str | None = None,
    actions: tuple[str, ...] = (),
    indexed: tuple[str, ...] = (),
    finders: Mapping[str, tuple[str, ...]] | None = None,
    has_list: bool = True,
    collection_actions: tuple[str, ...] = (),
    base: str = "fscmRestApi",
    is_written_whole: bool = False,
) -> Resource:
    """Describe one resource; `attributes` in the notation above, apart by white space."""
    read = [attribute(one) for one in attributes.split()]
    return Resource(
        name,
        title,
        entity or f"{title.replace(' ', '')}EO",
        key,
        has_opaque_key,
        {one.name: one for one in read},
        {one.name: one for one in children},
        frozenset(can),
        actions,
        indexed,
        finders or {},
        has_list,
        collection_actions,
        base,
        is_written_whole,
    )
