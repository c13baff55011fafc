"""Rows as they are stored: what of a row is described, and how it was read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from adapters.workday import wire
from adapters.workday.position import Walk

Row = Mapping[str, Any]
DEPTH_MAX: Final = 60


def wrapped(entity: str, row: Row, walk: Walk, transport: str, resolved: Mapping[str, str | None]) -> bytes:
    """Return the document of a row; columns that nobody described leave only their names in it."""
    kept, left_out = wire.kept(entity, row)
    return msgspec.json.encode(wire.Read(walk.now, walk.today, transport, kept, dict(resolved), left_out))


def by_key(key: str, found: Iterable[tuple[Row, bytes]]) -> list[tuple[str, bytes]]:
    """Return rows in order of their ids, each id once: a report may show a worker once for each job.

    Rows without an id all come, and first.
    """
    keyed = sorted((str(row.get(key) or ""), document) for row, document in found)
    return [one for n, one in enumerate(keyed) if not one[0] or n == 0 or keyed[n - 1][0] != one[0]]


def hierarchy_parents(rows: Sequence[Row], top: str) -> dict[str, str]:
    """Return the nodes of one tree of cost centres, each with the one above it.

    >>> rows = [{"Org_ID": "ALL"}, {"Org_ID": "OPS", "Superior_Org_ID": "ALL"}, {"Org_ID": "TAX"}]
    >>> hierarchy_parents(rows, "ALL")
    {'ALL': '', 'OPS': 'ALL'}
    """
    above = {str(one["Org_ID"]): str(one.get("Superior_Org_ID") or "") for one in rows if "Org_ID" in one}
    return {node: superior for node, superior in above.items() if _is_below(node, top, above)}


def _is_below(node: str, top: str, above: Mapping[str, str]) -> bool:
    for _ in range(DEPTH_MAX):
        if node == top:
            return True
        node = above.get(node, "")
    return False
