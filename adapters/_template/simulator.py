"""The system as an ASGI app: it keeps state, and refuses what the real one refuses.

Faults on demand, collections with filters, a rate limit and a server on loopback are in
`adapters/simulation.py`.
"""

from __future__ import annotations

import base64
import hmac
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.simulation import FaultPlan, FaultyApp
from store.clock import Clock, text

LIMIT_MAX = 100


class Simulator:
    """Cost centres that change, and orders that take a number."""

    def __init__(self, clock: Clock, *, user: str, password: str, faults: FaultPlan | None = None) -> None:
        self.clock = clock
        self.cost_centres: dict[int, dict[str, Any]] = {}
        self.orders: dict[int, dict[str, Any]] = {}
        self.change_count = 0
        self._login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        routes = [
            Route("/cost_centres", self._list),
            Route("/orders/{id:int}", self._order, methods=["GET", "PUT"]),
        ]
        self.app: ASGIApp = FaultyApp(Starlette(routes=routes), faults or FaultPlan(clock))

    def put(self, id: int, code: str, title: str) -> None:
        """Make or change a cost centre."""
        self.change_count += 1
        changed_at = text(self.clock.now())
        self.cost_centres[id] = {
            "id": id,
            "code": code,
            "title": title,
            "isClosed": False,
            "changedAt": changed_at,
            "change": self.change_count,
        }

    async def _list(self, request: Request) -> Response:
        if not self._is_welcome(request):
            return Response(status_code=401)
        query = request.query_params
        if "ids" in query:
            found = [
                self.cost_centres[int(i)] for i in query["ids"].split(",") if int(i) in self.cost_centres
            ]
            return JSONResponse({"items": found, "complete_to": self.change_count})
        after, since = int(query.get("after", 0)), int(query.get("changed_after", 0))
        limit = min(int(query.get("limit", LIMIT_MAX)), LIMIT_MAX)
        rows = [row for id, row in sorted(self.cost_centres.items()) if id > after and row["change"] > since]
        return JSONResponse({"items": rows[:limit], "complete_to": self.change_count})

    async def _order(self, request: Request) -> Response:
        if not self._is_welcome(request):
            return Response(status_code=401)
        order = self.orders.get(request.path_params["id"])
        if order is None:
            return Response(status_code=404)
        if request.method == "PUT":
            order["erpNumber"] = (await request.json()).get("erpNumber")
        return JSONResponse(order)

    def _is_welcome(self, request: Request) -> bool:
        return hmac.compare_digest(request.headers.get("authorization", ""), self._login)
