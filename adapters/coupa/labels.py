"""Departments and lookups: things of Coupa that have a name and nothing else that others could know them by.

A lookup is the list; what stands in it are lookup values. Both are found by name before they are made, and made inactive
instead of deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.base import Receipt, WriteRequest
from adapters.coupa import outbound_masters as outbound
from adapters.coupa import wire
from adapters.coupa.door import Door, a, document_id


class DepartmentEcho(wire.Wire):
    id: int
    name: str | None = None
    active: bool | None = None


class LookupEcho(wire.Wire):
    id: int
    name: str | None = None
    description: str | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class PutLabel:
    """Makes the one of that name or changes it; with an id, the one of that id, which may get another name."""

    door: Door
    word: str
    path: str
    echo: type[DepartmentEcho] | type[LookupEcho]

    async def write(self, request: WriteRequest) -> Receipt:
        wanted = self._wanted(request)
        held = await self._held(request)
        if held is None and request.external_id is not None:
            raise self.door.gone(f"{self.word} {request.external_id}")
        if held is None:
            made, _ = await self.door.post(self.path, wanted, self.echo)
            return self._done(wanted, made)
        differing = outbound.changed(wanted, outbound.shown(held))
        if not differing:
            return replace(self._done(wanted, held), was_found=True)
        changed, _ = await self.door.put(f"{self.path}/{held.id}", differing, self.echo)
        return self._done(wanted, changed)

    async def find(self, request: WriteRequest) -> Receipt | None:
        held, wanted = await self._held(request), self._wanted(request)
        if held is None or outbound.changed(wanted, outbound.shown(held)):
            return None
        return replace(self._done(wanted, held), was_found=True)

    async def _held(self, request: WriteRequest) -> DepartmentEcho | LookupEcho | None:
        if request.external_id is not None:
            number = document_id(self.door.system, request, a(self.word))
            return await self.door.one(f"{self.path}/{number}", self.echo)
        rows = await self.door.some(self.path, self.echo, {"name": str(request.body.get("name"))})
        return rows[0] if rows else None

    def _wanted(self, request: WriteRequest) -> dict[str, Any]:
        body = request.body
        if not body.get("name"):
            raise self.door.refused("PAYLOAD_INVALID", f"{a(self.word)} is not written without a name")
        sent: dict[str, Any] = {"name": str(body["name"]), "active": bool(body.get("is_active", True))}
        if self.echo is LookupEcho and body.get("description") is not None:
            sent["description"] = str(body["description"])
        return sent

    def _done(self, wanted: Mapping[str, Any], echo: DepartmentEcho | LookupEcho) -> Receipt:
        self.door.verify(f"{self.word} {echo.name or echo.id}", wanted, echo)
        return Receipt(str(echo.id), number=echo.name, answer={"id": echo.id, "active": echo.active})


def department(door: Door) -> PutLabel:
    return PutLabel(door, "department", "/api/departments", DepartmentEcho)


def lookup(door: Door) -> PutLabel:
    return PutLabel(door, "lookup", "/api/lookups", LookupEcho)
