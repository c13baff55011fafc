"""What else is done to an order in Oracle: re-opened after it was closed, and its funds checked without taking them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from adapters.base import Receipt, WriteRequest
from adapters.errors import RejectedError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api
from adapters.oracle_fusion.failures import Judge
from adapters.oracle_fusion.funds import funds_outcome
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.orders import CANCELLED, CLOSED, Orders, State, order_receipt
from adapters.oracle_fusion.requests import refused, text_of

FINAL: Final = "FINALLY CLOSED"


class OrderSteps:
    """Re-opening and funds checks of one instance's orders."""

    def __init__(self, api: Api, options: Options, judge: Judge, orders: Orders) -> None:
        self._api = api
        self._options = options
        self._judge = judge
        self._orders = orders
        self.writers: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt]]]] = {
            "order.reopen": self._reopen,
            "order.check_funds": self._check_funds,
        }
        self.finders: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt | None]]]] = {
            "order.reopen": self._find_reopened,
            "order.check_funds": self._find_nothing,
        }

    async def _reopen(self, request: WriteRequest) -> Receipt:
        state = await self._orders.state(request, text_of(request, "marker"))
        if state.word in CANCELLED or state.word == FINAL or state.issued is None:
            raise self._refused(
                f"order {state.number} is {state.word.lower() or 'not issued'} in Oracle and cannot be re-opened"
            )
        if state.word not in CLOSED:
            return order_receipt(request, state, was_found=True)
        await self._orders.act(state.issued.href, "reopen", dict(self._options.reopen_parameters))
        return order_receipt(request, state)

    async def _find_reopened(self, request: WriteRequest) -> Receipt | None:
        state = await self._orders.seen(request)
        if state is None or not _is_open(state):
            return None
        return order_receipt(request, state, was_found=True)

    async def _check_funds(self, request: WriteRequest) -> Receipt:
        """Ask whether the budgets would bear the order. A refusal says which would not; nothing is reserved."""
        marker = text_of(request, "marker")
        state = await self._orders.state(request, marker)
        if state.issued is not None and not state.is_change:  # nothing under way asks for funds
            return Receipt(request.external_id, state.number, answer={"funds": "not_applicable"})
        if state.draft is None or state.draft.href is None:
            raise self._refused(f"order {state.number} has no draft in Oracle whose funds can be checked")
        result = await self._api.act(state.draft.href, "checkFunds", {})
        after = await self._orders.state(request, marker)
        shown = after.draft.FundsStatus if after.draft else None
        outcome = funds_outcome(self._api.system, self._judge, result, shown)
        return Receipt(request.external_id, state.number, answer={"funds": outcome, "FundsStatus": shown})

    async def _find_nothing(self, request: WriteRequest) -> None:
        """A question leaves nothing behind: it is asked again."""

    def _refused(self, message: str) -> RejectedError:
        return refused(self._api.system, "REJECTED", message)


def _is_open(state: State) -> bool:
    return (
        state.issued is not None
        and state.word not in CLOSED | CANCELLED
        and wire.words(state.issued.StatusCode, state.issued.Status) != ""
    )
