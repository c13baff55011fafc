"""Tax numbers of a supplier beyond its own: Coupa keeps them with the places where it is paid.

The first number is the supplier's `tax-id`. Every other one is a registration of a remit-to address: that of its country, else the
first one. A supplier without such an address has no place for more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.coupa import wire
from adapters.coupa.door import Door
from adapters.tax_numbers import LEFT_OUT, TOLD
from store.canonical.supplier import normal

NUMBER_MAX: Final = 47


class Registration(wire.TaxNumber):
    id: int | None = None


class PaidAt(wire.Wire):
    """A remit-to address, as far as tax numbers stand on it."""

    id: int
    active: bool | None = None
    country: wire.Coded | None = None
    vat_number: str | None = None
    local_tax_number: str | None = None
    tax_registrations: list[Registration] | None = None

    def shows(self, number: str) -> bool:
        own = [one.number for one in self.tax_registrations or () if one.active is not False]
        return number in {normal(one) for one in (*own, self.vat_number, self.local_tax_number) if one}


@dataclass(frozen=True, slots=True)
class Plan:
    """What of the further tax numbers is told, has no place, and is still to be sent to which address."""

    told: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    to_send: tuple[tuple[int, tuple[dict[str, Any], ...]], ...] = ()

    @property
    def receipt(self) -> dict[str, Any]:
        return {**({TOLD: list(self.told)} if self.told else {}),
                **({LEFT_OUT: list(self.left_out)} if self.left_out else {})}  # fmt: skip


async def plan(door: Door, supplier_id: str, body: Mapping[str, Any]) -> Plan:
    """Look which of the numbers are there; nothing is asked where there is no second one and none has ended."""
    wanted = list(body.get("tax_numbers") or ())
    ended = {normal(one) for one in body.get("tax_numbers_ended") or ()}
    first, more = [one["number"] for one in wanted[:1]], wanted[1:]
    if not more and not ended:
        return Plan(told=tuple(first))
    places = [one for one in await door.some(_path(supplier_id), PaidAt, {}) if one.active is not False]
    to_send: dict[int, list[dict[str, Any]]] = {}
    for place in places:
        for held in place.tax_registrations or ():
            if held.id is not None and held.active is not False and normal(held.number or "") in ended:
                to_send.setdefault(place.id, []).append({"id": held.id, "active": False})
    for one in more if places else ():
        if not any(place.shows(normal(one["number"])) for place in places):
            row = {"number": one["number"], "active": True}
            country = {"country": {"code": one["country"]}} if one.get("country") else {}
            to_send.setdefault(_place(places, one.get("country")).id, []).append({**row, **country})
    numbers = tuple(one["number"] for one in more)
    sent = tuple((place, tuple(rows)) for place, rows in sorted(to_send.items()))
    return Plan((*first, *numbers), (), sent) if places else Plan(tuple(first), numbers, sent)


async def put(door: Door, supplier_id: str, planned: Plan) -> None:
    """Send what is missing, one address at a time: only the rows that change, as others would be added again."""
    for place_id, rows in planned.to_send:
        sent = {"tax-registrations": list(rows)}
        echo, _ = await door.put(f"{_path(supplier_id)}/{place_id}", sent, PaidAt)
        if any("number" in one and not echo.shows(normal(one["number"])) for one in rows):
            fix = "It may not be allowed to our client; correct it in Coupa, then retry"
            what = f"remit-to address {place_id} of supplier {supplier_id}"
            raise door.ignored(what, sent, {"tax-registrations": None}, fix=fix)


def _place(places: list[PaidAt], country: str | None) -> PaidAt:
    return next((one for one in places if one.country and one.country.code == country), places[0])


def _path(supplier_id: str) -> str:
    return f"/api/suppliers/{supplier_id}/addresses"
