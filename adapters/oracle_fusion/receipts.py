"""Receipts, returns and corrections in Oracle; and whether that has been done already.

A request that is answered with 201 may have failed all the same, or wait for the receiving processor: what moved stands in
the history only, and there our mark is looked for before anything is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from adapters.base import Receipt as Done
from adapters.base import WriteRequest
from adapters.errors import DuplicateError, TransientError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion import wire_receiving as receiving
from adapters.oracle_fusion.api import Api, quoted
from adapters.oracle_fusion.failures import Complaint, Judge
from adapters.oracle_fusion.fields import whole
from adapters.oracle_fusion.options import BusinessUnit, Options
from adapters.oracle_fusion.outbound_receipt import TYPES, mark, receipt_request, transaction_request
from adapters.oracle_fusion.requests import document, refused
from store.canonical.purchasing import Receipt

REQUESTS: Final = "receivingReceiptRequests"
TRANSACTIONS: Final = "receivingReceiptTransactionRequests"
HISTORY: Final = "receivingTransactionsHistory"
KINDS: Final = {"receipt.create": "receipt", "receipt.return": "return", "receipt.correct": "correction"}
FAILED: Final = ("ERROR", "FAILED", "FAILURE", "COMPLETED WITH ERROR")
WAITING: Final = ("PENDING", "RUNNING", "PROCESSING", "IN PROGRESS")
ENDED: Final = ("CANCELED", "CANCELLED", "CLOSED", "FINALLY CLOSED", "CLOSED FOR RECEIVING")


class _Order(msgspec.Struct):
    POHeaderId: wire.Id
    OrderNumber: str | None = None
    Status: str | None = None
    StatusCode: str | None = None
    ProcurementBUId: wire.Id | None = None
    RequisitioningBUId: wire.Id | None = None
    lines: list[wire.IssuedLine] | wire.Rows[wire.IssuedLine] | None = None


class Receipts:
    """Writes of movements of goods to one instance."""

    def __init__(self, api: Api, options: Options, judge: Judge) -> None:
        self._api = api
        self._options = options
        self._judge = judge
        names = tuple(KINDS)
        self.writers: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Done]]]] = dict.fromkeys(
            names, self._write
        )
        self.finders: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Done | None]]]] = dict.fromkeys(
            names, self._find
        )

    async def _write(self, request: WriteRequest) -> Done:
        wanted = self._wanted(request)
        known = await self._find(request)
        if known is not None:
            return known
        unit = await self._unit(wanted)
        source = self._options.receipt_source_code
        is_new = wanted.kind == "receipt"
        body = receipt_request(wanted, unit, source) if is_new else transaction_request(wanted, unit, source)
        answer = await self._api.create(REQUESTS if is_new else TRANSACTIONS, body)
        return await self._outcome(wanted, answer.decode(receiving.ReceivingRequest))

    async def _outcome(self, wanted: Receipt, taken: receiving.ReceivingRequest) -> Done:
        """Say what became of a request: the answer alone proves only a failure."""
        if _status(taken) in FAILED:
            raise self._judge.refusal(self._api.system, _complaints(taken), status=201)
        moved = await self._moved(wanted)
        if moved is not None:
            return _done(moved, was_found=False)
        kept = {"ReceiptNumber": taken.ReceiptNumber, "ProcessingStatusCode": taken.ProcessingStatusCode}
        return Done(None, taken.ReceiptNumber, is_pending=True, answer=kept)

    async def _find(self, request: WriteRequest) -> Done | None:
        wanted = self._wanted(request)
        moved = await self._moved(wanted)
        if moved is not None:
            return _done(moved, was_found=True)
        if await self._is_waiting(wanted):
            raise TransientError(
                self._api.system,
                f"{wanted.kind} {mark(wanted)} waits for Oracle's receiving processor; it is looked at again",
            )
        return None

    async def _moved(self, wanted: Receipt) -> receiving.Movement | None:
        """Look our mark up in the history, exactly."""
        name, own = self._options.receipt_mark_attribute, mark(wanted)
        params = {
            "q": f"{name} = {quoted(own)} and TransactionTypeCode = {quoted(TYPES[wanted.kind])}",
            "orderBy": "TransactionId:asc",
            "onlyData": "true",
        }
        rows = [_movement.decode(row) for row in await self._api.rows(HISTORY, params)]
        hits = [one for one in rows if self._is_about(one, wanted)]
        if len(hits) > 1:
            shown = ", ".join(str(one.TransactionId) for one in hits)
            raise DuplicateError(
                self._api.system,
                f"{own} was received in Oracle {len(hits)} times, as transactions {shown}. Nothing was sent. Correct all but "
                "one of them to zero there, then resolve this by hand",
            )
        if not hits:
            return None
        self._refuse_other(wanted, hits[0])
        return hits[0]

    def _is_about(self, found: receiving.Movement, wanted: Receipt) -> bool:
        """Say whether a movement is at the dock: a correction of the original, not of its delivery."""
        return wanted.kind == "receipt" or str(found.ParentTransactionId) == wanted.original_id

    def _refuse_other(self, wanted: Receipt, found: receiving.Movement) -> None:
        sign = -1 if wanted.kind == "return" else 1
        have = (found.PONumber, whole(found.POLineNumber or Decimal(0)), _value(found))
        size = wanted.quantity if wanted.amount is None else wanted.amount.amount
        if have != (wanted.order_number, wanted.order_line, sign * (size or Decimal(0))):
            raise refused(
                self._api.system,
                "READ_BACK_DIFFERS",
                f"{mark(wanted)} stands in Oracle for {have[2]} of order {have[0]} line {have[1]}, not for what is wanted now. "
                "Nothing was sent. Send the difference as a correction",
            )

    async def _is_waiting(self, wanted: Receipt) -> bool:
        resource = REQUESTS if wanted.kind == "receipt" else TRANSACTIONS
        params = {
            "q": f"ExternalSystemTransactionReference = {quoted(mark(wanted))}",
            "orderBy": "HeaderInterfaceId:asc" if resource == REQUESTS else "InterfaceTransactionId:asc",
            "onlyData": "true",
        }
        rows = [_request.decode(row) for row in await self._api.rows(resource, params)]
        return any(_status(one) in WAITING for one in rows)

    async def _unit(self, wanted: Receipt) -> BusinessUnit:
        """Return the unit whose order it is; the order must be there, in force, and have that line."""
        order = await self._order(wanted)
        word = wire.words(order.StatusCode, order.Status)
        if word in ENDED and wanted.kind == "receipt":
            raise self._mismatch(
                f"order {wanted.order_number} is {word.lower()} in Oracle. Nothing was sent. Re-open it there, then retry"
            )
        lines = {whole(one.LineNumber) for one in wire.rows(order.lines)}
        if wanted.order_line not in lines:
            raise self._mismatch(f"order {wanted.order_number} has no line {wanted.order_line} in Oracle")
        ids = tuple(
            None if one is None else str(one) for one in (order.ProcurementBUId, order.RequisitioningBUId)
        )
        name = self._options.business_unit_name(*ids)
        if name is None:
            raise refused(
                self._api.system,
                "MAPPING_MISSING",
                f"order {wanted.order_number} belongs to business unit {ids[0]}, which has no entry under business_units of "
                "this system",
            )
        return self._options.business_units[name]

    async def _order(self, wanted: Receipt) -> _Order:
        condition = f"OrderNumber = {quoted(wanted.order_number)}"
        params = {"q": condition, "orderBy": "POHeaderId:asc", "expand": "lines", "onlyData": "true"}
        rows = [_order.decode(row) for row in await self._api.rows("purchaseOrders", params)]
        if wanted.order_id:
            rows = [one for one in rows if str(one.POHeaderId) == wanted.order_id]
        if len(rows) != 1:
            found = "not in Oracle" if not rows else f"in Oracle {len(rows)} times, in several legal entities"
            raise self._mismatch(
                f"order {wanted.order_number} is {found}, or the integration user may not see it. Nothing was sent"
            )
        return rows[0]

    def _mismatch(self, message: str) -> Exception:
        return refused(self._api.system, "MATCH_ORDER", message)

    def _wanted(self, request: WriteRequest) -> Receipt:
        found = document(self._api.system, request, "receipt", Receipt)
        if found.kind != KINDS[request.operation]:
            raise refused(
                self._api.system, "PAYLOAD_INVALID", f"{request.operation} was given a {found.kind}"
            )
        return found


def _status(taken: receiving.ReceivingRequest) -> str:
    return wire.words(taken.ReturnStatus) or wire.words(taken.ProcessingStatusCode)


def _complaints(taken: receiving.ReceivingRequest) -> list[Complaint]:
    found = [
        Complaint(one.ErrorMessage, one.ErrorMessageName or "", one.ColumnName or "")
        for one in wire.rows(taken.processingErrors)
        if one.ErrorMessage
    ]
    return found or [Complaint(taken.ReturnMessage or "the request failed and no reason was given")]


def _value(found: receiving.Movement) -> Decimal:
    return (found.Quantity if found.Quantity is not None else found.Amount) or Decimal(0)


def _done(moved: receiving.Movement, *, was_found: bool) -> Done:
    kept = {"TransactionId": str(moved.TransactionId), "ReceiptNumber": moved.ReceiptNumber}
    return Done(str(moved.TransactionId), moved.ReceiptNumber, answer=kept, was_found=was_found)


_movement = msgspec.json.Decoder(receiving.Movement)
_request = msgspec.json.Decoder(receiving.ReceivingRequest)
_order = msgspec.json.Decoder(_Order)
