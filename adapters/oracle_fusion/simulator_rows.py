"""Rows of a simulated Fusion, with the opaque keys and change indicators that go with them.

Keys and indicators look like the Java-serialised blocks of real pods (contract sheet, sections 1 and 2.3); clients
take them from links and never make them.

>>> opaque_key(300000007600001, 1)
'00020000000EACED00057708000110D931E2B7810000000EACED000577080000000000000001'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator_resource import Resource
from adapters.simulation import Collection

Value = str | int | Decimal | bool | None
Data = dict[str, Value]

UPDATED: Final = "LastUpdateDate"
RENDERINGS_MAX: Final = 6

_JAVA: Final = "ACED0005"
_ARRAY_LIST: Final = (
    "737200136A6176612E7574696C2E41727261794C6973747881D21D99C7619D03000149000473697A65"
    "787000000001770400000001737200116A6176612E6C616E672E496E746567657212E2A0A4F7818738"
    "02000149000576616C7565787200106A6176612E6C616E672E4E756D62657286AC951D0B94E08B020000787"
    "0"
)


def opaque_key(*values: int) -> str:
    """Return the URL segment of a row with a composite key."""
    blocks = [f"{_JAVA}7708{value:016X}" for value in values]
    return f"{len(values):04X}" + "".join(f"{len(block) // 2:08X}{block}" for block in blocks)


def change_indicator(version: int) -> str:
    """Return the ETag of a row in this version."""
    return f"{_JAVA}{_ARRAY_LIST}{version:08X}78"


def stamp(at: datetime) -> str:
    """Return an instant as rows keep it: milliseconds, sortable as text.

    >>> stamp(datetime(2026, 2, 3, 10, 15, tzinfo=UTC))
    '2026-02-03T10:15:00.000+00:00'
    """
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True, eq=False)
class Row:
    """One row and its children. `rendered` holds its JSON by the shape it was asked in."""

    resource: Resource
    key: str
    data: Data
    children: dict[str, list[Row]] = field(default_factory=dict)
    version: int = 1
    rendered: dict[object, bytes] = field(default_factory=dict)

    @property
    def id(self) -> Value:
        return self.data[self.resource.key]

    @property
    def etag(self) -> str:
        return change_indicator(self.version)

    def of(self, child: str) -> list[Row]:
        return self.children.setdefault(child, [])

    def touch(self, at: datetime) -> None:
        """Count a change; the row, its cached JSON and its time of change follow."""
        self.version += 1
        if UPDATED in self.resource.attributes:
            self.data[UPDATED] = stamp(at)
        self.rendered.clear()

    def copy(self) -> Row:
        """Return the same tree, to be changed without anyone seeing it."""
        children = {name: [one.copy() for one in rows] for name, rows in self.children.items()}
        return Row(self.resource, self.key, dict(self.data), children, self.version)

    def remember(self, shape: object, rendered: bytes) -> bytes:
        if len(self.rendered) >= RENDERINGS_MAX:
            self.rendered.clear()
        self.rendered[shape] = rendered
        return rendered

    def dump(self) -> dict[str, Any]:
        """Return the tree as JSON values; numbers as text, so that nothing is rounded on the way."""
        data = {
            name: str(value) if isinstance(value, Decimal) else value for name, value in self.data.items()
        }
        children = {name: [one.dump() for one in rows] for name, rows in self.children.items() if rows}
        return {"key": self.key, "version": self.version, "data": data, "children": children}


def load_row(resource: Resource, state: Mapping[str, Any]) -> Row:
    """Return the tree that `Row.dump()` described."""
    data: Data = {}
    for name, value in state["data"].items():
        is_number = resource.attributes[name].kind == "number" and isinstance(value, str)
        data[name] = Decimal(value) if is_number else value
    children = {
        name: [load_row(resource.children[name], one) for one in rows]
        for name, rows in state["children"].items()
    }
    return Row(resource, state["key"], data, children, state["version"])


class Table:
    """All rows of one resource, found by key, by indexed attribute, or by time of change."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        has_time = UPDATED in resource.attributes
        self._index = Collection(
            resource.name,
            id_name=resource.key,
            keys=resource.indexed,
            sorted_by=(UPDATED,) if has_time else (),
        )
        self._rows: dict[Value, Row] = {}
        self._by_url: dict[str, Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def put(self, row: Row) -> Row:
        """Keep `row` in place of the one with the same key, and index it as it is now."""
        self._index.put(row.data)
        self._rows[row.id] = row
        self._by_url[row.key] = row
        row.rendered.clear()
        return row

    def get(self, row_id: Value) -> Row | None:
        return self._rows.get(row_id)

    def by_url(self, key: str) -> Row | None:
        return self._by_url.get(key)

    def remove(self, row: Row) -> None:
        self._index.remove(row.id)
        del self._rows[row.id]
        del self._by_url[row.key]

    def clear(self) -> None:
        for row in list(self):
            self.remove(row)

    def is_indexed(self, attribute: str) -> bool:
        return attribute in self.resource.indexed

    def find(self, attribute: str, value: Value) -> list[Row]:
        """Return the rows whose indexed attribute is `value`."""
        return [self._rows[data[self.resource.key]] for data in self._index.find(attribute, value)]

    def first(self, attribute: str, value: Value) -> Row | None:
        return next(iter(self.find(attribute, value)), None)

    def changed_since(self, at: str) -> list[Row]:
        """Return the rows changed at `at` (a stamp) or later, by time of change."""
        key = self.resource.key
        return [self._rows[data[key]] for data in self._index.between(UPDATED, at_least=at)]
