"""Orders in Oracle: create, change, submit, cancel, close, discard; and whether that has been done already.

No call here is repeated blindly. Each begins by reading the state it needs, so that doing it twice is seen, and a change
that stopped halfway goes on with what is left. An order that bears somebody else's mark is never touched.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from adapters.base import Receipt, WriteRequest
from adapters.errors import DuplicateError, RejectedError, VersionConflictError
from adapters.extended import with_extended
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, Children, Params, expand, is_id, quoted
from adapters.oracle_fusion.failures import Judge, action_complaints
from adapters.oracle_fusion.fields import whole
from adapters.oracle_fusion.inbound_order import change_status, reference
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound import CannotExpressError, action, purchase_order
from adapters.oracle_fusion.outbound_changes import Create, Delete, Step, Update, changes
from adapters.oracle_fusion.reads import ORDER_TREE
from adapters.oracle_fusion.requests import document, refused, text_of
from store.canonical.budget import Commitment

ROUNDS_MAX: Final = 10
"""How often a change is planned anew because its own earlier steps moved versions."""

SUBMITTABLE: Final = frozenset({"INCOMPLETE", "REJECTED"})
PENDING: Final = frozenset({"PENDING APPROVAL", "PENDING CHANGE APPROVAL"})
CANCELLED: Final = frozenset({"CANCELED", "CANCELLED"})
CLOSED: Final = frozenset({"CLOSED", "FINALLY CLOSED"})


class _Marked(msgspec.Struct):
    """An order as `find` looks at it."""

    POHeaderId: wire.Id
    OrderNumber: str | None = None
    Description: str | None = None
    NoteToReceiver: str | None = None
    Status: str | None = None
    StatusCode: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """One order in both views. Either may be missing, depending on where the order is in its life."""

    draft: wire.Order | None
    issued: wire.IssuedOrder | None

    @property
    def word(self) -> str:
        """Status of the order itself: the issued form's, else the draft's."""
        if self.issued is not None:
            return wire.words(self.issued.StatusCode, self.issued.Status)
        return wire.words(self.draft.StatusCode, self.draft.Status) if self.draft else ""

    @property
    def pending_word(self) -> str:
        """Status of what is being worked on: the change order's, or that of an order never issued."""
        if self.draft is None:
            return ""
        own = wire.words(self.draft.StatusCode, self.draft.Status)
        return change_status(self.draft) or (own if own in SUBMITTABLE | PENDING else "")

    @property
    def number(self) -> str | None:
        found = self.draft or self.issued
        return found.OrderNumber if found else None

    @property
    def is_change(self) -> bool:
        return self.draft is not None and bool(change_status(self.draft))

    @property
    def is_issued(self) -> bool:
        """True when a version of it was approved."""
        return self.is_change or (self.issued is not None and self.word not in SUBMITTABLE | PENDING)

    @property
    def issued_lines(self) -> frozenset[str]:
        """Numbers of the lines in force: they can only be cancelled, all others only deleted."""
        if self.issued is None or not self.is_issued:
            return frozenset()
        return frozenset(whole(line.LineNumber) for line in wire.rows(self.issued.lines))


class Orders:
    """Writes of orders to one instance."""

    def __init__(self, api: Api, options: Options, judge: Judge) -> None:
        self._api = api
        self._options = options
        self._judge = judge
        self.writers: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt]]]] = {
            "order.create": self._create,
            "order.change": self._change,
            "order.submit": self._submit,
            "order.cancel": self._cancel,
            "order.close": self._close,
            "order.discard": self._discard,
        }
        self.finders: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt | None]]]] = {
            "order.create": self._find_created,
            "order.change": self._find_changed,
            "order.submit": self._find_submitted,
            "order.cancel": self._find_cancelled,
            "order.close": self._find_closed,
            "order.discard": self._find_discarded,
        }

    # -- create

    async def _create(self, request: WriteRequest) -> Receipt:
        body = with_extended(purchase_order(self._commitment(request), self._options), request)
        answer = await self._api.create("draftPurchaseOrders", body)
        created = answer.decode(_Marked)
        return Receipt(str(created.POHeaderId), created.OrderNumber, answer=_kept(created))

    async def _find_created(self, request: WriteRequest) -> Receipt | None:
        """Look the order up by our mark, exactly; cancelled ones do not count."""
        marker = self._commitment(request).marker
        name = self._options.marker_field
        params: Params = {
            "q": f"{name} = {quoted(marker)}",
            "orderBy": "POHeaderId:asc",
            "fields": f"POHeaderId,OrderNumber,Status,StatusCode,{name}",
            "onlyData": "true",
        }
        rows = [_marked.decode(row) for row in await self._api.rows("draftPurchaseOrders", params)]
        hits = [
            one
            for one in rows
            if (getattr(one, name) or "").strip() == marker
            and wire.words(one.StatusCode, one.Status) not in CANCELLED
        ]
        if len(hits) > 1:
            numbers = ", ".join(one.OrderNumber or str(one.POHeaderId) for one in hits)
            raise DuplicateError(
                self._api.system,
                f"{marker} is in Oracle {len(hits)} times, as orders {numbers}. Nothing was sent. Cancel all but one "
                "there, then retry: the one that is left is linked",
            )
        if not hits:
            return None
        found = hits[0]
        return Receipt(str(found.POHeaderId), found.OrderNumber, answer=_kept(found), was_found=True)

    # -- change

    async def _change(self, request: WriteRequest) -> Receipt:
        """Bring the order to the commitment. Versions move under us by our own steps: then the rest is planned anew."""
        commitment = self._commitment(request)
        done = 0
        for _ in range(ROUNDS_MAX):
            state, steps = await self._plan(request, commitment)
            if not steps:
                return order_receipt(request, state, was_found=done == 0)
            self._refuse_unchangeable(state)
            applied = await self._apply(steps)
            done += applied
            if applied == len(steps):
                return order_receipt(request, state)
        raise VersionConflictError(
            self._api.system,
            f"order {state.number} keeps changing in Oracle while it is being changed; it is tried again",
        )

    async def _find_changed(self, request: WriteRequest) -> Receipt | None:
        commitment = self._commitment(request)
        try:
            state, steps = await self._plan(request, commitment)
        except CannotExpressError:
            return None
        return None if steps else order_receipt(request, state, was_found=True)

    async def _plan(self, request: WriteRequest, commitment: Commitment) -> tuple[State, list[Step]]:
        state = await self.state(request, commitment.marker, with_lines=True)
        if state.draft is None:
            raise self._refused("REJECTED", f"order {request.external_id} is not open for changes in Oracle")
        return state, changes(state.draft, commitment, self._options, state.issued_lines)

    def _refuse_unchangeable(self, state: State) -> None:
        if state.pending_word in PENDING:
            raise VersionConflictError(
                self._api.system,
                f"order {state.number} waits for approval in Oracle; it can be changed when that is decided",
            )
        if state.word in CANCELLED | CLOSED:
            raise self._refused(
                "REJECTED",
                f"order {state.number} is {state.word.lower()} in Oracle and cannot be changed any more",
            )

    async def _apply(self, steps: list[Step]) -> int:
        """Send the steps; return how many were done when a version had moved meanwhile."""
        for index, step in enumerate(steps):
            try:
                await self._send(step)
            except VersionConflictError:
                if index == 0:
                    raise
                return index
        return len(steps)

    async def _send(self, step: Step) -> None:
        if isinstance(step, Create):
            await self._api.create(step.href, step.body)
        elif isinstance(step, Update):
            await self._api.update(step.href, step.body, step.etag)
        else:
            await self._delete(step)

    async def _delete(self, step: Delete) -> None:
        try:
            await self._api.delete(step.href)
        except RejectedError as error:
            if error.refusal.status != 404:
                raise

    # -- submit

    async def _submit(self, request: WriteRequest) -> Receipt:
        state = await self.state(request, text_of(request, "marker"))
        if state.pending_word in SUBMITTABLE and state.draft is not None:
            await self.act(state.draft.href, "submit", self._submission())
            return order_receipt(request, state, is_pending=True)
        if state.word in CANCELLED:
            raise self._refused(
                "REJECTED", f"order {state.number} is cancelled in Oracle and cannot be submitted"
            )
        return order_receipt(request, state, is_pending=state.pending_word in PENDING, was_found=True)

    def _submission(self) -> dict[str, bool]:
        body = {"validateBeforeSubmitFlag": True}
        return {**body, "bypassApprovalFlag": True} if self._options.bypasses_approval else body

    async def _find_submitted(self, request: WriteRequest) -> Receipt | None:
        """Everything but incomplete has been submitted; a rejection is an answer to it."""
        state = await self.seen(request)
        if state is None or state.pending_word == "INCOMPLETE" or state.word in CANCELLED:
            return None
        return order_receipt(request, state, is_pending=state.pending_word in PENDING, was_found=True)

    # -- cancel, close

    async def _cancel(self, request: WriteRequest) -> Receipt:
        name, parameters = self._options.cancel_reason_name, self._options.cancel_parameters
        body = action(name, text_of(request, "reason"), parameters)
        state = await self.state(request, text_of(request, "marker"))
        if state.is_issued and state.is_change:
            await self._drop_change(
                state
            )  # Oracle cancels no order with a change under way, and this one is moot
        return await self._end(request, state, "cancel", body, CANCELLED)

    async def _close(self, request: WriteRequest) -> Receipt:
        name, parameters = self._options.close_reason_name, self._options.close_parameters
        body = action(name, text_of(request, "reason"), parameters)
        state = await self.state(request, text_of(request, "marker"))
        return await self._end(request, state, "close", body, CLOSED | CANCELLED)

    async def _end(
        self, request: WriteRequest, state: State, name: str, body: object, done: frozenset[str]
    ) -> Receipt:
        if state.word in done:
            return order_receipt(request, state, was_found=True)
        if state.issued is None or not state.is_issued:
            if state.pending_word in PENDING:
                raise VersionConflictError(
                    self._api.system,
                    f"order {state.number} waits for its first approval in Oracle; {name} follows when that is decided",
                )
            raise self._refused(
                "REJECTED",
                f"order {state.number} was never issued in Oracle ({state.word.lower()}): discard it instead",
            )
        await self.act(state.issued.href, name, body)
        return order_receipt(request, state)

    async def _find_cancelled(self, request: WriteRequest) -> Receipt | None:
        return await self._find_ended(request, CANCELLED)

    async def _find_closed(self, request: WriteRequest) -> Receipt | None:
        return await self._find_ended(request, CLOSED | CANCELLED)

    async def _find_ended(self, request: WriteRequest, done: frozenset[str]) -> Receipt | None:
        state = await self.seen(request)
        return (
            order_receipt(request, state, was_found=True)
            if state is not None and state.word in done
            else None
        )

    # -- discard

    async def _discard(self, request: WriteRequest) -> Receipt:
        """Delete a draft, or an unfinished change order of an issued order."""
        state = await self.seen(request, text_of(request, "marker"))
        if state is None:
            return Receipt(request.external_id, was_found=True)
        href = state.draft.href if state.draft else None
        if state.is_change:
            await self._drop_change(state)
        elif state.is_issued and request.body.get("is_change"):
            return order_receipt(request, state, was_found=True)
        elif state.is_issued or href is None:
            raise self._refused(
                "REJECTED", f"order {state.number} is {state.word.lower()} in Oracle: cancel it instead"
            )
        else:
            await self._delete(Delete(href))
        return order_receipt(request, state)

    async def _drop_change(self, state: State) -> None:
        name = "cancelChangeOrder" if state.pending_word in PENDING else "deleteChangeOrder"
        await self.act(state.draft.href if state.draft else None, name, {})

    async def _find_discarded(self, request: WriteRequest) -> Receipt | None:
        """Only what is gone was discarded: an order that is there was perhaps approved instead. Of a change, the order stays."""
        state = await self.seen(request)
        if state is None:
            return Receipt(request.external_id, was_found=True)
        is_gone = bool(request.body.get("is_change")) and state.is_issued and not state.is_change
        return order_receipt(request, state, was_found=True) if is_gone else None

    # -- state

    async def state(self, request: WriteRequest, marker: str, *, with_lines: bool = False) -> State:
        """Read the order afresh; it must be there and be ours."""
        state = await self.seen(request, marker, with_lines=with_lines)
        if state is None:
            raise self._refused(
                "READ_BACK_DIFFERS",
                f"order {request.external_id} is not in Oracle (any more), or the integration user may not see it",
            )
        return state

    async def seen(
        self, request: WriteRequest, marker: str = "", *, with_lines: bool = False
    ) -> State | None:
        order_id = request.external_id or ""
        if not is_id(order_id):
            raise self._refused("PAYLOAD_INVALID", f"{order_id!r} is not the id of an order in Oracle")
        draft = await self._one("draftPurchaseOrders", order_id, ORDER_TREE if with_lines else {})
        issued = await self._one("purchaseOrders", order_id, {"lines": {}} if with_lines else {})
        if draft is None and issued is None:
            return None
        state = State(
            None if draft is None else _order.decode(draft),
            None if issued is None else _issued.decode(issued),
        )
        self._refuse_foreign(state, marker)
        return state

    async def _one(self, path: str, order_id: str, children: Children) -> bytes | None:
        """Read one order with its links, and with all of these children."""
        params: dict[str, str | int] = {
            "q": f"POHeaderId = {order_id}",
            "orderBy": "POHeaderId:asc",
            "links": "self",
        }
        if children:
            params["expand"] = expand(children)
        rows = await self._api.rows(path, params)
        if not rows:
            return None
        return wire.encode(await self._api.complete(wire.decode_any(rows[0]), children))

    def _refuse_foreign(self, state: State, marker: str) -> None:
        mark = reference(state.draft, self._options) if state.draft else None
        if marker and mark is not None and mark != marker:
            raise self._refused(
                "REJECTED",
                f"order {state.number} in Oracle bears the mark {mark}, not {marker}: it belongs to another document "
                "and was left alone",
            )

    async def act(self, href: str | None, name: str, body: object) -> None:
        if href is None:
            raise self._refused("REJECTED", f"Oracle gave no address (self link) to {name} the order at")
        found = action_complaints(await self._api.act(href, name, body))
        if found:
            raise self._judge.refusal(self._api.system, found, status=200)

    # -- words

    def _commitment(self, request: WriteRequest) -> Commitment:
        return document(self._api.system, request, "commitment", Commitment)

    def _refused(self, case_class: str, message: str) -> RejectedError:
        return refused(self._api.system, case_class, message)


_marked = msgspec.json.Decoder(_Marked)
_order = msgspec.json.Decoder(wire.Order)
_issued = msgspec.json.Decoder(wire.IssuedOrder)


def _kept(order: _Marked) -> dict[str, Any]:
    status = {"Status": order.Status, "StatusCode": order.StatusCode}
    return {"POHeaderId": str(order.POHeaderId), "OrderNumber": order.OrderNumber, **status}


def order_receipt(
    request: WriteRequest, state: State, *, is_pending: bool = False, was_found: bool = False
) -> Receipt:
    revision = state.issued.Revision if state.issued else None
    return Receipt(
        request.external_id,
        state.number,
        revision=None if revision is None else str(revision),
        is_pending=is_pending,
        answer={"status_before": state.pending_word or state.word},
        was_found=was_found,
    )
