"""The server behind `finsync web`: textual-serve's terminal in a page of our own, behind our own door.

What it adds: the token, one process a tab and no more than so many, nothing loaded from other hosts, and an end for
processes that do not end by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import textual_serve
from aiohttp import web
from textual_serve.server import Server

from finsync_tui.people.who import SIGNED_OUT
from finsync_tui.web import pages
from finsync_tui.web.door import COOKIE, ClosedDoorError, Door
from finsync_tui.web.gate import Gate
from finsync_tui.web.process import END_WAIT_S, TabProcess
from finsync_tui.web.sessions import Session

SESSIONS_MAX = 8
MESSAGE_BYTES_MAX = 256 * 1024
FORM_BYTES_MAX = 16 * 1024
WATCH_EVERY_S = 5.0
"""How soon somebody who was taken out of the profile is out."""
SIZES = range(10, 1001)
FONT_SIZES = range(8, 41)
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with none, a browser would not say which page a form came from
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # textual.js sets styles on elements and compiles nothing; everything comes from here
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
}
FORM_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'",
}
SIGN_OUT_BUTTON = ', or <form method="post" action="/sign-out"><button type="submit">sign out</button></form>'
OPEN = ("/sign-in", "/join")
"""What anybody sees who comes to the right address."""
STATIC = Path(textual_serve.__file__).with_name("static")
PAGE = Path(__file__).with_name("page.html")

log = logging.getLogger("finsync.web")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer(Server):
    """Serves one workspace: to people who have signed in, or to whoever has the token."""

    def __init__(
        self,
        command: Sequence[str],
        door: Door,
        host: str,
        port: int,
        *,
        gate: Gate | None = None,
        sessions_max: int = SESSIONS_MAX,
    ) -> None:
        """`gate`: where the profile lists people who sign in; None: there is the token only."""
        super().__init__(shlex.join(command), host, port, title="finsync", public_url=door.origin)
        self.door = door
        self.sessions_max = sessions_max
        self.session_count = 0
        self.gate = gate
        self._sockets: dict[web.WebSocketResponse, Session | None] = {}
        self._watch: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()

    def initialize_logging(self) -> None:
        """Leave logging as it is: what is served is nobody's business in a log."""

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=FORM_BYTES_MAX)
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/page.js", self._script),
                web.get("/ws", self.handle_websocket),
                web.get("/download/{key}", self.handle_download),
                web.static("/static", STATIC),
            ]
        )
        if self.gate is not None:
            app.add_routes(
                [
                    web.get("/sign-in", self._ask),
                    web.post("/sign-in", self._sign_in),
                    web.get("/join", self._ask),
                    web.post("/join", self._join),
                    web.post("/sign-out", self._sign_out),
                ]
            )
            app.on_startup.append(self._begin_watch)
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
            if request.method == "POST":
                self.door.check_origin(request.headers.get("Origin"))
            if "token" in request.query and request.path == "/":
                response: web.StreamResponse = self._welcome(request)
            elif self.gate is not None and request.path in OPEN:
                response = await handler(request)
            elif self.gate is not None and request.path == "/" and self._is_stranger(request):
                response = _sent_to("/sign-in")
            else:
                self._session(request)
                response = await handler(request)
        except ClosedDoorError as error:
            response = web.Response(status=error.status, text=f"{error}\n")
        if not response.prepared:
            response.headers.update(FORM_HEADERS if request.path in OPEN else HEADERS)
        return response

    def _is_stranger(self, request: web.Request) -> bool:
        try:
            self._session(request)
        except ClosedDoorError:
            return True
        return False

    def _session(self, request: web.Request) -> Session | None:
        """Return who has signed in; None: it is the account that runs the server. Raises ClosedDoorError for others."""
        if self.gate is None:
            self.door.check(request.cookies)
            return None
        if self.door.is_own(request.cookies):
            return None
        found = self.gate.find(request.cookies.get(COOKIE, ""))
        if found is None:
            raise ClosedDoorError(
                401, "Nobody is signed in here. Open /sign-in at the address of this server."
            )
        return found

    def _welcome(self, request: web.Request) -> web.Response:
        """Exchange the token for a cookie, and take it out of the address."""
        session = self.door.exchange(request.query["token"])
        return self._let_in(session)

    def _let_in(self, cookie: str) -> web.Response:
        response = _sent_to("/")
        response.set_cookie(
            COOKIE, cookie, httponly=True, samesite="Strict", secure=self.door.scheme == "https", path="/"
        )
        return response

    # -- signing in ---------------------------------------------------------------------------------------------------

    async def _ask(self, request: web.Request) -> web.Response:
        page = pages.sign_in if request.path == "/sign-in" else pages.join
        return _page(page(self._workspace_name))

    @property
    def _workspace_name(self) -> str:
        return self.gate.workspace.name if self.gate is not None else ""

    async def _sign_in(self, request: web.Request) -> web.Response:
        assert self.gate is not None
        form = await _form(request)
        login = form.get("login", "")
        try:
            return self._let_in(await self.gate.sign_in(login, form.get("passphrase", "")))
        except ClosedDoorError as error:
            return _page(pages.sign_in(self._workspace_name, str(error), login[:200]), error.status)

    async def _join(self, request: web.Request) -> web.Response:
        assert self.gate is not None
        form = await _form(request)
        login, passphrase = form.get("login", ""), form.get("passphrase", "")
        try:
            if passphrase != form.get("again", ""):
                raise ClosedDoorError(400, "The two passphrases are not the same. Nothing was changed.")
            line = await self.gate.join(login, form.get("code", "").strip(), passphrase)
        except ClosedDoorError as error:
            return _page(pages.join(self._workspace_name, str(error), login[:200]), error.status)
        return _page(pages.joined(line))

    async def _sign_out(self, request: web.Request) -> web.Response:
        assert self.gate is not None
        session = self._session(request)
        if session is not None:
            await self.gate.sign_out(session)
            await self._close_ended()
        response = _sent_to("/sign-in")
        response.del_cookie(COOKIE, path="/")
        return response

    async def _begin_watch(self, _: web.Application) -> None:
        self._watch = asyncio.create_task(self._watching())

    async def _watching(self) -> None:
        """See again and again who has to go; nothing that goes wrong may end this."""
        assert self.gate is not None
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            try:
                await self.look()
            except Exception:
                log.exception("could not see who may stay; looking again")

    async def look(self) -> None:
        """End what must not go on: sessions, and the workbenches of those that ended."""
        if self.gate is not None:
            await self.gate.look()
            await self._close_ended()

    async def _close_ended(self) -> None:
        assert self.gate is not None
        for socket, session in list(self._sockets.items()):
            if session is not None and not self.gate.sessions.has(session):
                await socket.close()

    async def _index(self, request: web.Request) -> web.Response:
        scheme = "wss" if self.door.scheme == "https" else "ws"
        size = _number(request.query.get("fontsize", ""), FONT_SIZES, 16)
        page = PAGE.read_text(encoding="utf-8")  # a small file of our own
        page = page.replace("{{socket}}", f"{scheme}://{request.host}/ws").replace("{{font_size}}", str(size))
        page = page.replace("{{sign_out}}", SIGN_OUT_BUTTON if self._session(request) is not None else "")
        return _page(page)

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
            await self.look()  # who was taken out a moment ago starts nothing any more
            session = self._session(request)
            await socket.prepare(request)
            self._sockets[socket] = session
            await self._serve(
                socket,
                session,
                _number(request.query.get("width", ""), SIZES, 80),
                _number(request.query.get("height", ""), SIZES, 24),
            )
        finally:
            self.session_count -= 1
            self._sockets.pop(socket, None)
        return socket

    async def _close_all(self, _: web.Application) -> None:
        """The server ends: so does every workbench, each with what it is writing."""
        if self._watch is not None:
            self._watch.cancel()
        for socket in list(self._sockets):
            await socket.close()

    async def _await_ends(self, _: web.Application) -> None:
        await asyncio.gather(*self._endings, return_exceptions=True)

    async def _serve(
        self, socket: web.WebSocketResponse, session: Session | None, width: int, height: int
    ) -> None:
        service = TabProcess(
            self.command,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=_closing(socket),
            download_manager=self.download_manager,
        )
        if session is not None and self.gate is not None:
            service.acts_for(session, partial(self.gate.touch, session))
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
            if session is not None and self.gate is not None and service.exit_code == SIGNED_OUT:
                await self.gate.sign_out(session)
                await self._close_ended()
            await socket.close()


def _closing(socket: web.WebSocketResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        await socket.close()

    return close


async def _form(request: web.Request) -> dict[str, str]:
    """Return a form's fields; what is no form has none."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise ClosedDoorError(415, "This is no form of ours.")
    try:
        return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    except web.HTTPRequestEntityTooLarge:
        raise ClosedDoorError(413, "This is more than a name and a passphrase.") from None
    except (ValueError, LookupError):
        raise ClosedDoorError(400, "This is no form of ours.") from None


def _page(html: str, status: int = 200) -> web.Response:
    return web.Response(text=html, status=status, content_type="text/html")


def _sent_to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


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
