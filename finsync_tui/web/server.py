"""The server behind `finsync web`: textual-serve's terminal in a page of our own, behind our own door.

What it adds: the token, one process a tab and no more than so many, nothing loaded from other hosts, and an end for
processes that do not end by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import textual_serve
from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from finsync_tui.web.door import COOKIE, ClosedDoorError, Door

SESSIONS_MAX = 8
MESSAGE_BYTES_MAX = 256 * 1024
END_WAIT_S = 5.0
SIZES = range(10, 1001)
FONT_SIZES = range(8, 41)
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # textual.js sets styles on elements and compiles nothing; everything comes from here
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
STATIC = Path(textual_serve.__file__).with_name("static")
PAGE = Path(__file__).with_name("page.html")

log = logging.getLogger("finsync.web")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer(Server):
    """Serves one workspace to whoever has the token."""

    def __init__(
        self, command: Sequence[str], door: Door, host: str, port: int, *, sessions_max: int = SESSIONS_MAX
    ) -> None:
        super().__init__(shlex.join(command), host, port, title="finsync", public_url=door.origin)
        self.door = door
        self.sessions_max = sessions_max
        self.session_count = 0
        self._sockets: set[web.WebSocketResponse] = set()
        self._endings: set[asyncio.Task[None]] = set()

    def initialize_logging(self) -> None:
        """Leave logging as it is: what is served is nobody's business in a log."""

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/page.js", self._script),
                web.get("/ws", self.handle_websocket),
                web.get("/download/{key}", self.handle_download),
                web.static("/static", STATIC),
            ]
        )
        app.on_shutdown.append(self._close_all)
        app.on_cleanup.append(self._await_ends)
        return app

    async def application(self) -> web.Application:
        """Return what is served: for the runner, and for tests."""
        return await self._make_app()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Ask everybody who they are; add what keeps browsers careful."""
        try:
            self.door.check_name(request.host)
            if "token" in request.query and request.path == "/":
                response: web.StreamResponse = self._welcome(request)
            else:
                self.door.check(request.cookies)
                response = await handler(request)
        except ClosedDoorError as error:
            response = web.Response(status=error.status, text=f"{error}\n")
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _welcome(self, request: web.Request) -> web.Response:
        """Exchange the token for a cookie, and take it out of the address."""
        session = self.door.exchange(request.query["token"])
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            COOKIE, session, httponly=True, samesite="Strict", secure=self.door.scheme == "https", path="/"
        )
        return response

    async def _index(self, request: web.Request) -> web.Response:
        scheme = "wss" if self.door.scheme == "https" else "ws"
        size = _number(request.query.get("fontsize", ""), FONT_SIZES, 16)
        page = PAGE.read_text(encoding="utf-8")  # a small file of our own
        page = page.replace("{{socket}}", f"{scheme}://{request.host}/ws").replace("{{font_size}}", str(size))
        return web.Response(text=page, content_type="text/html")

    async def _script(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE.with_suffix(".js"))

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Start a workbench for one tab; it ends with the tab."""
        self.door.check_origin(request.headers.get("Origin"))
        if self.session_count >= self.sessions_max:
            raise ClosedDoorError(
                503, f"{self.session_count} workbenches are open already. Close one of them, then try again."
            )
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=MESSAGE_BYTES_MAX)
        self.session_count += 1
        try:
            await socket.prepare(request)
            self._sockets.add(socket)
            await self._serve(
                socket,
                _number(request.query.get("width", ""), SIZES, 80),
                _number(request.query.get("height", ""), SIZES, 24),
            )
        finally:
            self.session_count -= 1
            self._sockets.discard(socket)
        return socket

    async def _close_all(self, _: web.Application) -> None:
        """The server ends: so does every workbench, each with what it is writing."""
        for socket in list(self._sockets):
            await socket.close()

    async def _await_ends(self, _: web.Application) -> None:
        await asyncio.gather(*self._endings, return_exceptions=True)

    async def _serve(self, socket: web.WebSocketResponse, width: int, height: int) -> None:
        service = _Tab(
            self.command,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=_closing(socket),
            download_manager=self.download_manager,
        )
        await service.start(width, height)
        try:
            await self._process_messages(socket, service)
        except (AssertionError, KeyError, IndexError, TypeError, ValueError, AttributeError):
            log.warning("a browser sent what is no message; its workbench was closed")
        finally:
            ending = asyncio.create_task(
                service.end()
            )  # goes on when the request is cancelled: its tab is gone
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            await asyncio.shield(ending)
            await socket.close()


def _closing(socket: web.WebSocketResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        await socket.close()

    return close


class _Tab(AppService):
    """One tab's process: started without a shell, in a group of its own, so that nothing of it stays behind."""

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(self.command), stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True,
            env=self._build_environment(width=width, height=height),
        )  # fmt: skip
        self._process, self._stdin = process, process.stdin
        return process

    async def end(self) -> None:
        """Ask the process to end, what it writes is finished; one that does not is killed."""
        try:
            await asyncio.wait_for(self.stop(), END_WAIT_S)
        except TimeoutError:
            log.warning("a workbench did not end when its tab was closed; it was stopped")
        except (ConnectionError, RuntimeError):
            pass  # it has ended by itself
        process = self._process
        if process is None:
            return
        self.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), END_WAIT_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _number(text: str, allowed: range, default: int) -> int:
    return (
        int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) in allowed else default
    )


def serve(server: WebServer, told: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; `told` is called as soon as it answers."""

    async def started(_: web.Application) -> None:
        asyncio.get_running_loop().call_soon(told)

    async def application() -> web.Application:
        app = await server.application()
        app.on_startup.append(started)
        return app

    web.run_app(
        application(),
        host=server.host,
        port=server.port,
        print=None,
        access_log=None,
        shutdown_timeout=END_WAIT_S,
    )
