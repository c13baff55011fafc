"""Requisitions in Oracle: create, submit, withdraw, cancel, check funds; and whether that has been done already.

Oracle makes a second requisition of a second request without a word, so ours are found by their mark before anything is
sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from adapters.base import Receipt, WriteRequest
from adapters.errors import DuplicateError, RejectedError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion import wire_requisition as shapes
from adapters.oracle_fusion.api import Api, Params, is_id, quoted
from adapters.oracle_fusion.failures import Judge, action_complaints
from adapters.oracle_fusion.funds import funds_outcome
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound import CannotExpressError
from adapters.oracle_fusion.outbound_invoice import MARK, split_description
from adapters.oracle_fusion.outbound_requisition import requisition
from adapters.oracle_fusion.requests import document, refused, text_of
from store.canonical.purchasing import Requisition

RESOURCE: Final = "purchaseRequisitions"
SUBMITTABLE: Final = frozenset({"INCOMPLETE", "REJECTED", "RETURNED", "WITHDRAWN"})
WITHDRAWABLE: Final = frozenset({"PENDING APPROVAL", "APPROVED"})
WITHDRAWN: Final = frozenset({"WITHDRAWN", "INCOMPLETE"})
CANCELLED: Final = frozenset({"CANCELED", "CANCELLED"})


class Requisitions:
    """Writes of requisitions to one instance."""

    def __init__(self, api: Api, options: Options, judge: Judge) -> None:
        self._api = api
        self._options = options
        self._judge = judge
        self.writers: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt]]]] = {
            "requisition.create": self._create,
            "requisition.submit": self._submit,
            "requisition.withdraw": self._withdraw,
            "requisition.cancel": self._cancel,
            "requisition.check_funds": self._check_funds,
        }
        self.finders: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt | None]]]] = {
            "requisition.create": self._find_created,
            "requisition.submit": self._find_submitted,
            "requisition.withdraw": self._find_withdrawn,
            "requisition.cancel": self._find_cancelled,
            "requisition.check_funds": self._find_nothing,
        }

    # -- create

    async def _create(self, request: WriteRequest) -> Receipt:
        wanted = document(self._api.system, request, "requisition", Requisition)
        body = requisition(wanted, self._mark(request), text_of(request, "business_unit"), self._options)
        known = await self._find_created(request)
        if known is not None:
            return known
        answer = await self._api.create(RESOURCE, body)
        return _receipt(answer.decode(shapes.Requisition))

    async def _find_created(self, request: WriteRequest) -> Receipt | None:
        """Look our mark up, exactly; cancelled requisitions do not count."""
        mark = self._mark(request)
        source = quoted(self._options.requisition_source)
        rows = await self._rows(f"InterfaceSourceCode = {source} and Description LIKE {quoted(mark + '*')}")
        hits = [
            one
            for one in rows
            if split_description(one.Description or "")[0] == mark and _word(one) not in CANCELLED
        ]
        if len(hits) > 1:
            shown = ", ".join(one.Requisition or str(one.RequisitionHeaderId) for one in hits)
            raise DuplicateError(
                self._api.system,
                f"{mark} is in Oracle {len(hits)} times, as requisitions {shown}. Nothing was sent. Cancel all but one there, "
                "then retry: the one that is left is linked",
            )
        return _receipt(hits[0], was_found=True) if hits else None

    def _mark(self, request: WriteRequest) -> str:
        mark = text_of(request, "marker")
        if MARK.match(mark) is None:
            raise CannotExpressError("PAYLOAD_INVALID", f"the mark {mark!r} is not a word like coupa:1234")
        return mark

    # -- submit, withdraw, cancel

    async def _submit(self, request: WriteRequest) -> Receipt:
        found = await self._state(request)
        if _word(found) in CANCELLED:
            raise self._refused(
                f"requisition {found.Requisition} is cancelled in Oracle and cannot be submitted"
            )
        if _word(found) not in SUBMITTABLE:
            return _receipt(found, is_pending=_word(found) == "PENDING APPROVAL", was_found=True)
        override = request.body.get("overrides_funds") is True
        await self._act(found, "submitRequisition", {"requestFundsOverrideFlag": override})
        return _receipt(await self._state(request), is_pending=True)

    async def _find_submitted(self, request: WriteRequest) -> Receipt | None:
        found = await self._seen(request)
        if found is None or _word(found) in (SUBMITTABLE - {"REJECTED", "RETURNED"}) | CANCELLED:
            return None
        return _receipt(found, is_pending=_word(found) == "PENDING APPROVAL", was_found=True)

    async def _withdraw(self, request: WriteRequest) -> Receipt:
        found = await self._state(request)
        if _word(found) in WITHDRAWN:
            return _receipt(found, was_found=True)
        if _word(found) not in WITHDRAWABLE:
            raise self._refused(
                f"requisition {found.Requisition} is {_word(found).lower()} in Oracle and cannot be withdrawn"
            )
        await self._act(found, "withdraw", dict(self._options.withdraw_parameters))
        return _receipt(await self._state(request))

    async def _find_withdrawn(self, request: WriteRequest) -> Receipt | None:
        return await self._find_in(request, WITHDRAWN)

    async def _cancel(self, request: WriteRequest) -> Receipt:
        """Cancel; an incomplete requisition was never anything and is deleted instead."""
        found = await self._seen(request)
        if found is None:
            return Receipt(request.external_id, was_found=True)
        if _word(found) in CANCELLED:
            return _receipt(found, was_found=True)
        if _word(found) == "INCOMPLETE" and found.href is not None:
            await self._api.delete(found.href)
            return _receipt(found)
        await self._act(found, "cancel", dict(self._options.cancel_requisition_parameters))
        return _receipt(await self._state(request))

    async def _find_cancelled(self, request: WriteRequest) -> Receipt | None:
        found = await self._seen(request)
        if found is None:
            return Receipt(request.external_id, was_found=True)
        return _receipt(found, was_found=True) if _word(found) in CANCELLED else None

    async def _find_in(self, request: WriteRequest, words: frozenset[str]) -> Receipt | None:
        found = await self._seen(request)
        return _receipt(found, was_found=True) if found is not None and _word(found) in words else None

    # -- funds

    async def _check_funds(self, request: WriteRequest) -> Receipt:
        """Ask whether the budgets would bear it. A refusal says which would not; nothing is reserved."""
        found = await self._state(request)
        result = await self._api.act(self._href(found, "checkFunds"), "checkFunds", {})
        after = await self._state(request)
        outcome = funds_outcome(
            self._api.system, self._judge, result, after.FundsStatusCode or after.FundsStatus
        )
        return Receipt(
            request.external_id,
            after.Requisition,
            answer={"funds": outcome, "FundsStatusCode": after.FundsStatusCode},
        )

    async def _find_nothing(self, request: WriteRequest) -> None:
        """A question leaves nothing behind: it is asked again."""

    # -- state

    async def _act(self, found: shapes.Requisition, name: str, body: Mapping[str, object]) -> None:
        complaints = action_complaints(await self._api.act(self._href(found, name), name, body))
        if complaints:
            raise self._judge.refusal(self._api.system, complaints, status=200)

    def _href(self, found: shapes.Requisition, name: str) -> str:
        if found.href is None:
            raise self._refused(f"Oracle gave no address (self link) to {name} the requisition at")
        return found.href

    async def _state(self, request: WriteRequest) -> shapes.Requisition:
        found = await self._seen(request)
        if found is None:
            raise refused(
                self._api.system,
                "READ_BACK_DIFFERS",
                f"requisition {request.external_id} is not in Oracle (any more), or the integration user may not see it",
            )
        return found

    async def _seen(self, request: WriteRequest) -> shapes.Requisition | None:
        key = request.external_id or ""
        if not is_id(key):
            raise refused(
                self._api.system, "PAYLOAD_INVALID", f"{key!r} is not the id of a requisition in Oracle"
            )
        rows = await self._rows(f"RequisitionHeaderId = {key}")
        return rows[0] if rows else None

    async def _rows(self, condition: str) -> list[shapes.Requisition]:
        params: Params = {"q": condition, "orderBy": "RequisitionHeaderId:asc", "links": "self"}
        return [_requisition.decode(row) for row in await self._api.rows(RESOURCE, params)]

    def _refused(self, message: str) -> RejectedError:
        return refused(self._api.system, "REJECTED", message)


def _word(found: shapes.Requisition) -> str:
    return wire.words(found.DocumentStatusCode, found.DocumentStatus)


def _receipt(found: shapes.Requisition, *, is_pending: bool = False, was_found: bool = False) -> Receipt:
    kept = {"DocumentStatusCode": found.DocumentStatusCode, "FundsStatusCode": found.FundsStatusCode}
    key = str(found.RequisitionHeaderId)
    return Receipt(key, found.Requisition, is_pending=is_pending, answer=kept, was_found=was_found)


_requisition = msgspec.json.Decoder(shapes.Requisition)
