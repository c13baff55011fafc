"""Department, Lookup, LookupValue: what a system's documents choose from beside its accounts."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from store.canonical.record import CanonicalRecord


class Department(CanonicalRecord):
    """A label of people and documents in one system. It has a name and no code; `number` is the name."""

    entity: ClassVar[str] = "department"
    contract: ClassVar[str] = "department/1.1"

    name: str = Field(description="What people call it")
    is_active: bool = Field(default=True, description="Whether documents may choose it")


class Lookup(CanonicalRecord):
    """A list that values are chosen from; what stands in it are lookup values. `number` is its name."""

    entity: ClassVar[str] = "lookup"
    contract: ClassVar[str] = "lookup/1.1"

    name: str = Field(description="What the list is called")
    description: str = Field(default="", description="What the list is for")
    level_names: tuple[str, ...] = Field(default=(), description="What its levels are called, from the top")
    is_active: bool = Field(default=True, description="Whether documents may choose from it")


class LookupValue(CanonicalRecord):
    """One value of a lookup. `number` is what accounting writes, or its name where it has none."""

    entity: ClassVar[str] = "lookup_value"
    contract: ClassVar[str] = "lookup_value/1.1"

    lookup: str = Field(description="Name of the list it stands in")
    name: str = Field(description="What people read")
    code: str | None = Field(default=None, description="Where it stands: the numbers from the top down to it")
    parent: str | None = Field(default=None, description="Code of the value above it")
    description: str = Field(default="", description="What the value is for")
    chart: str | None = Field(
        default=None, description="Chart of accounts it belongs to, where it is a segment"
    )
    is_default: bool = Field(default=False, description="Chosen where nobody chooses")
    is_active: bool = Field(default=True, description="Whether documents may choose it")

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """List and number: how a value is found, since several lists may hold the same number."""
        return (("lookup", f"{self.lookup}/{self.number}"),)


__all__ = ["Department", "Lookup", "LookupValue"]
