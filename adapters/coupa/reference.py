"""Lookup values, accounts, budgets and exchange rates that the ERP is the master of, as Coupa is to have them.

A budget is set absolutely only: the adjustments that Coupa also takes add up, so a repeat would change the budget again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapters.base import Receipt, WriteRequest
from adapters.coupa import outbound_masters as outbound
from adapters.coupa import wire
from adapters.coupa.door import Door, document_id
from adapters.coupa.inbound_parts import Unfit, day
from adapters.errors import RejectedError

_VALUES: Final = "/api/lookup_values"
_ACCOUNTS: Final = "/api/accounts"
_BUDGETS: Final = "/api/budget_lines"
_RATES: Final = "/api/exchange_rates"


class ParentRef(wire.Wire):
    external_ref_code: str | None = None


class ValueEcho(wire.Wire):
    id: int
    name: str | None = None
    external_ref_num: str | None = None
    external_ref_code: str | None = None
    description: str | None = None
    active: bool | None = None
    lookup: wire.Named | None = None
    parent: ParentRef | None = None
    account_type: wire.Named | None = None


class AccountEcho(wire.Segments, kw_only=True):
    id: int
    name: str | None = None
    code: str | None = None
    active: bool | None = None
    account_type: wire.Named | None = None


class BudgetEcho(wire.Segments, kw_only=True):
    id: int
    amount: Decimal | None = None
    currency: wire.Coded | None = None
    period: wire.Named | None = None


class RateEcho(wire.Wire):
    id: int
    from_currency: wire.Coded | None = None
    to_currency: wire.Coded | None = None
    rate: Decimal | None = None
    rate_date: str | None = None


@dataclass(frozen=True, slots=True)
class PutLookupValue:
    """Makes a value of a lookup, or changes the one of that number: the two operations end in the same state."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        wanted = self._wanted(request)
        held = await self._held(request)
        if held is None:
            made = {"active": True, **wanted}
            echo, _ = await self.door.post(_VALUES, made, ValueEcho)
            return self._done(made, echo, was_found=False)
        differing = outbound.changed(wanted, outbound.shown(held))
        if not differing:
            return self._done(wanted, held, was_found=True)
        echo, _ = await self.door.put(f"{_VALUES}/{held.id}", differing, ValueEcho)
        return self._done(wanted, echo, was_found=False)

    async def find(self, request: WriteRequest) -> Receipt | None:
        held = await self._held(request)
        if held is None or outbound.changed(self._wanted(request), outbound.shown(held)):
            return None
        return self._done({}, held, was_found=True)

    async def _held(self, request: WriteRequest) -> ValueEcho | None:
        if request.external_id is not None:
            return await self.door.one(
                f"{_VALUES}/{document_id(self.door.system, request, 'a value')}", ValueEcho
            )
        parent = request.body.get("parent")
        params = {
            "lookup[name]": str(request.body.get("lookup")),
            "external_ref_num": str(request.body.get("number")),
        }
        rows = await self.door.some(_VALUES, ValueEcho, params)
        own = [row for row in rows if not parent or (row.parent and row.parent.external_ref_code == parent)]
        return own[0] if own else None

    def _wanted(self, request: WriteRequest) -> dict[str, Any]:
        lacking = [name for name in ("name", "number", "lookup") if name not in request.body]
        if lacking and request.external_id is None:
            raise _incomplete(self.door, "a lookup value", KeyError(lacking[0]))
        return outbound.lookup_value(request.body)

    def _done(self, wanted: Mapping[str, Any], echo: ValueEcho, *, was_found: bool) -> Receipt:
        self.door.verify(f"lookup value {echo.id}", wanted, echo)
        receipt = Receipt(
            str(echo.id), number=echo.external_ref_num, answer={"id": echo.id, "code": echo.external_ref_code}
        )
        return replace(receipt, was_found=was_found)


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """Makes an account of a static chart. In a dynamic chart Coupa makes them itself, from lookup values."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        wanted = self._wanted(request)
        held = await self._held(wanted)
        if held is None:
            echo, _ = await self.door.post(_ACCOUNTS, wanted, AccountEcho)
        elif outbound.changed(wanted, outbound.shown(held)):
            echo, _ = await self.door.put(
                f"{_ACCOUNTS}/{held.id}", outbound.changed(wanted, outbound.shown(held)), AccountEcho
            )
        else:
            return replace(self._receipt(held), was_found=True)
        self.door.verify(f"account {echo.code or echo.id}", wanted, echo)
        return self._receipt(echo)

    async def find(self, request: WriteRequest) -> Receipt | None:
        wanted = self._wanted(request)
        held = await self._held(wanted)
        if held is None or outbound.changed(wanted, outbound.shown(held)):
            return None
        return replace(self._receipt(held), was_found=True)

    async def _held(self, wanted: Mapping[str, Any]) -> AccountEcho | None:
        """Look by segments, never by code: a dash inside a segment makes two accounts look like one."""
        segments = {name: str(value) for name, value in wanted.items() if name.startswith("segment-")}
        params = {"account_type[name]": str(wanted["account-type"]["name"])}
        params |= {name.replace("-", "_"): value for name, value in segments.items()}
        rows = await self.door.some(_ACCOUNTS, AccountEcho, params)
        return next((row for row in rows if _segments(row) == segments), None)

    def _wanted(self, request: WriteRequest) -> dict[str, Any]:
        try:
            return outbound.account(request.body)
        except KeyError as error:
            raise _incomplete(self.door, "an account", error) from None

    def _receipt(self, echo: AccountEcho) -> Receipt:
        return Receipt(str(echo.id), number=echo.code, answer={"id": echo.id, "active": echo.active})


@dataclass(frozen=True, slots=True)
class SetBudget:
    """Sets the amount of a budget line, which must exist: its period comes from Coupa's set-up."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        amount, held = self._amount(request), await self._held(request)
        if held.amount == amount:
            return replace(self._receipt(held), was_found=True)
        echo, _ = await self.door.put(f"{_BUDGETS}/{held.id}", {"amount": f"{amount:f}"}, BudgetEcho)
        if echo.amount != amount:
            raise self.door.ignored(
                f"budget line {held.id}",
                {"amount": f"{amount:f}"},
                {"amount": None if echo.amount is None else f"{echo.amount:f}"},
                fix="See whether our client may change budgets, then retry",
            )
        return self._receipt(echo)

    async def find(self, request: WriteRequest) -> Receipt | None:
        held = await self._held(request)
        return replace(self._receipt(held), was_found=True) if held.amount == self._amount(request) else None

    async def _held(self, request: WriteRequest) -> BudgetEcho:
        if request.external_id is not None:
            path = f"{_BUDGETS}/{document_id(self.door.system, request, 'a budget line')}"
            found = await self.door.one(path, BudgetEcho)
        else:
            found = await self._by_key(request.body)
        if found is None:
            raise self.door.gone(f"budget line {request.external_id or request.body.get('period')}")
        currency = request.body.get("currency")
        held = found.currency.code if found.currency else None
        if currency and held and currency != held:
            raise self.door.refused(
                "PAYLOAD_INVALID",
                f"the budget is in {currency}, budget line {found.id} in {held}; nothing was written",
            )
        return found

    async def _by_key(self, body: Mapping[str, Any]) -> BudgetEcho | None:
        """Find the line of a period with exactly these segments, gaps and all."""
        segments = {f"segment-{n}": str(v) for n, v in enumerate(body.get("segments") or (), 1) if v}
        params = {"period[name]": str(body.get("period"))}
        params |= {name.replace("-", "_"): value for name, value in segments.items()}
        rows = await self.door.some(_BUDGETS, BudgetEcho, params)
        return next((row for row in rows if _segments(row) == segments), None)

    def _amount(self, request: WriteRequest) -> Decimal:
        try:
            amount = Decimal(str(request.body["amount"]))
        except (KeyError, InvalidOperation) as error:
            raise _incomplete(self.door, "a budget", error) from None
        if not amount.is_finite():
            raise self.door.refused("PAYLOAD_INVALID", "a budget has a finite amount; nothing was written")
        return amount

    def _receipt(self, echo: BudgetEcho) -> Receipt:
        return Receipt(
            str(echo.id),
            answer={"id": echo.id, "amount": None if echo.amount is None else f"{echo.amount:f}"},
        )


@dataclass(frozen=True, slots=True)
class CreateRate:
    """Makes the rate of one direction on one day, or corrects it."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        wanted = self._wanted(request)
        held = await self._held(request)
        if held is not None and held.rate == Decimal(wanted["rate"]):
            return replace(self._receipt(held), was_found=True)
        if held is None:
            echo, _ = await self.door.post(_RATES, wanted, RateEcho)
        else:
            echo, _ = await self.door.put(f"{_RATES}/{held.id}", {"rate": wanted["rate"]}, RateEcho)
        if echo.rate is not None and echo.rate != Decimal(wanted["rate"]):
            raise self.door.ignored(
                f"exchange rate {echo.id}",
                {"rate": wanted["rate"]},
                {"rate": f"{echo.rate:f}"},
                fix="Coupa keeps nine decimals; round the rate to them, then retry",
            )
        return self._receipt(echo)

    async def find(self, request: WriteRequest) -> Receipt | None:
        wanted, held = self._wanted(request), await self._held(request)
        if held is None or held.rate != Decimal(wanted["rate"]):
            return None
        return replace(self._receipt(held), was_found=True)

    async def _held(self, request: WriteRequest) -> RateEcho | None:
        """Ask by day and one currency: asking by both finds nothing, a known flaw. The other is compared here."""
        body = request.body
        on = str(body["rate_on"])
        params = {
            "from_currency[code]": str(body["from_currency"]),
            "rate_date[gt_or_eq]": f"{_beside(on, -1)}T00:00:00Z",
            "rate_date[lt_or_eq]": f"{_beside(on, 1)}T23:59:59Z",
        }
        rows = await self.door.some(_RATES, RateEcho, params)
        return next((row for row in rows if _is_rate(row, str(body["to_currency"]), on)), None)

    def _wanted(self, request: WriteRequest) -> dict[str, Any]:
        try:
            wanted = outbound.exchange_rate(request.body)
            Decimal(wanted["rate"])
        except (KeyError, ValueError, InvalidOperation) as error:
            raise _incomplete(self.door, "an exchange rate", error) from None
        return wanted

    def _receipt(self, echo: RateEcho) -> Receipt:
        return Receipt(
            str(echo.id), answer={"id": echo.id, "rate": None if echo.rate is None else f"{echo.rate:f}"}
        )


def _is_rate(row: RateEcho, to_currency: str, on: str) -> bool:
    try:
        is_day = str(day(row.rate_date, "$")) == on
    except Unfit:
        return False
    return is_day and row.to_currency is not None and row.to_currency.code == to_currency


def _beside(on: str, days: int) -> str:
    return (date.fromisoformat(on) + timedelta(days=days)).isoformat()


def _segments(row: wire.Segments) -> dict[str, str]:
    found = outbound.shown(row)
    return {name: value for name, value in found.items() if name.startswith("segment-") and value}


def _incomplete(door: Door, what: str, error: Exception) -> RejectedError:
    return door.refused("PAYLOAD_INVALID", f"{what} cannot be written to Coupa: {error!r}. Nothing was sent")
