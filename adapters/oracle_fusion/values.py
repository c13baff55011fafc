"""Segment values in Oracle, which is what a cost centre is there: create, change; and whether that has been done already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from adapters.base import Receipt, WriteRequest
from adapters.errors import AdapterError, RejectedError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, Params, quoted
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound_supplier import value, value_changes
from adapters.oracle_fusion.requests import document, refused
from adapters.oracle_fusion.value_sets import ValueSets
from store.canonical.organisation import CostCentre


class Values:
    """Writes of segment values to one instance."""

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options
        self._value_sets = ValueSets(api)
        self.writers: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt]]]] = {
            "value.create": self._create,
            "value.change": self._change,
        }
        self.finders: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt | None]]]] = (
            dict.fromkeys(self.writers, self._find)
        )

    async def _create(self, request: WriteRequest) -> Receipt:
        wanted = self._wanted(request)
        place, found = await self._place(wanted)
        if found is None:
            await self._api.create(f"{place}/child/values", value(wanted))
            return Receipt(wanted.number, wanted.number)
        if value_changes(found, wanted):
            raise self._refused(
                f"value {wanted.number} is there already and says something else: change it instead"
            )
        return Receipt(wanted.number, wanted.number, was_found=True)

    async def _change(self, request: WriteRequest) -> Receipt:
        wanted = self._wanted(request)
        _, found = await self._place(wanted)
        if found is None:
            raise self._refused(f"value {wanted.number} is not in Oracle: create it first")
        changes: dict[str, Any] = value_changes(found, wanted)
        if not changes:
            return Receipt(wanted.number, wanted.number, was_found=True)
        if found.href is None:
            raise self._refused(f"Oracle gave no address (self link) to change value {wanted.number} at")
        await self._api.update(found.href, changes, found.etag)
        return Receipt(wanted.number, wanted.number)

    async def _find(self, request: WriteRequest) -> Receipt | None:
        wanted = self._wanted(request)
        _, found = await self._place(wanted)
        if found is None or value_changes(found, wanted):
            return None
        return Receipt(wanted.number, wanted.number, was_found=True)

    async def _place(self, wanted: CostCentre) -> tuple[str, wire.Value | None]:
        """Return the address of the value set, and the value in it if there is one."""
        code = wanted.chart or self._options.cost_centre_value_set
        href = await self._value_sets.href(code)
        params: Params = {"q": f"Value = {quoted(wanted.number)}", "orderBy": "Value:asc", "links": "self"}
        try:
            rows = [_value.decode(row) for row in await self._api.rows(f"{href}/child/values", params)]
        except AdapterError:
            self._value_sets.forget(code)
            raise
        return href, next((one for one in rows if one.Value == wanted.number), None)

    def _wanted(self, request: WriteRequest) -> CostCentre:
        return document(self._api.system, request, "cost_centre", CostCentre)

    def _refused(self, message: str) -> RejectedError:
        return refused(self._api.system, "REJECTED", message)


_value = msgspec.json.Decoder(wire.Value)
