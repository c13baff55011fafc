"""Department, Lookup, LookupValue: what a system's documents choose from beside its accounts."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from store.canonical.record import CanonicalRecord


class Department(CanonicalRecord):
    """A label of people and documents in one system. It has a name and no code; `number` is the name."""

    entity: ClassVar[str] = "department"
    contract: ClassVar[str] = "department/1.0"

    name: str
    is_active: bool = True


class Lookup(CanonicalRecord):
    """A list that values are chosen from; what stands in it are lookup values. `number` is its name."""

    entity: ClassVar[str] = "lookup"
    contract: ClassVar[str] = "lookup/1.0"

    name: str
    description: str = ""
    level_names: tuple[str, ...] = Field(default=(), description="What its levels are called, from the top")
    is_active: bool = True


class LookupValue(CanonicalRecord):
    """One value of a lookup. `number` is what accounting writes, or its name where it has none."""

    entity: ClassVar[str] = "lookup_value"
    contract: ClassVar[str] = "lookup_value/1.0"

    lookup: str = Field(description="Name of the list it stands in")
    name: str
    code: str | None = Field(default=None, description="Where it stands: the numbers from the top down to it")
    parent: str | None = Field(default=None, description="Code of the value above it")
    description: str = ""
    chart: str | None = Field(
        default=None, description="Chart of accounts it belongs to, where it is a segment"
    )
    is_default: bool = False
    is_active: bool = True

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """List and number: how a value is found, since several lists may hold the same number."""
        return (("lookup", f"{self.lookup}/{self.number}"),)


__all__ = ["Department", "Lookup", "LookupValue"]
