"""The world's control channel: the engine's process may read and move the clock, only the judge may see more.

Two bearer tokens, because the engine must not be able to look at what was planted.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from finsync_tui.rehearse.editing import Edit
from finsync_tui.rehearse.planted import Plant
from finsync_tui.rehearse.report import Report, plants_to_json
from finsync_tui.rehearse.tripwire import Tripwire
from store.clock import instant, text

Body = Mapping[str, Any]
Handle = Callable[[str, Body], object]
"""Takes the method and the body, returns JSON values."""


class Stage(Protocol):
    """The world, as far as it can be controlled from outside."""

    tripwire: Tripwire

    @property
    def starts_at(self) -> datetime: ...

    @property
    def ends_at(self) -> datetime: ...

    @property
    def plants(self) -> tuple[Plant, ...]: ...

    def now(self) -> datetime: ...

    def move(self, to: datetime) -> None: ...

    def report(self) -> Report: ...

    def edit(self, seed: int, each: int) -> list[Edit]: ...


def app(stage: Stage, *, clock_token: str, judge_token: str) -> Starlette:
    """Return the control channel of a world."""

    def clock(method: str, body: Body) -> object:
        if method == "PUT":
            stage.move(instant(body["now"]))
        return {"now": text(stage.now()), "starts_at": text(stage.starts_at), "ends_at": text(stage.ends_at)}

    def tripwire(method: str, body: Body) -> object:
        wire = stage.tripwire
        if method == "DELETE":
            wire.disarm()
        elif method == "PUT":
            if body["when"] not in ("before", "after"):
                raise ValueError("when is before or after")
            is_for_writes = bool(body.get("is_for_writes", False))
            wire.arm(int(body["pid"]), int(body["countdown"]), body["when"], is_for_writes=is_for_writes)
        return {"is_armed": wire.pid is not None, "struck_count": wire.struck_count}

    def edits(method: str, body: Body) -> object:
        return [one.to_json() for one in stage.edit(int(body["seed"]), int(body.get("each", 1)))]

    judge = (judge_token,)
    return Starlette(
        routes=[
            _route("/clock", clock, ("GET", "PUT"), (clock_token, judge_token)),
            _route("/planted", lambda method, body: plants_to_json(stage.plants), ("GET",), judge),
            _route("/report", lambda method, body: stage.report().to_json(), ("GET",), judge),
            _route("/edits", edits, ("PUT",), judge),
            _route("/tripwire", tripwire, ("GET", "PUT", "DELETE"), judge),
        ]
    )


def _route(path: str, handle: Handle, methods: tuple[str, ...], tokens: tuple[str, ...]) -> Route:
    async def answer(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if not any(hmac.compare_digest(given, token.encode()) for token in tokens):
            return JSONResponse({"error": "this token does not open that"}, 401)
        try:
            body = await request.json() if request.method == "PUT" else {}
        except ClientDisconnect:  # an engine that was killed while it asked: nobody waits for an answer
            return Response(status_code=400)
        except ValueError as error:
            return JSONResponse({"error": f"not understood: {error!r}"}, 400)
        try:
            return JSONResponse(handle(request.method, body))
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f"not understood: {error!r}"}, 400)

    return Route(path, answer, methods=list(methods))
