"""What simulators share: faults on demand, tables in memory, a rate limit, and a server on loopback.

A simulator is an ASGI app around some `Collection`s. `FaultyApp` wraps it and does to its answers what
a `FaultPlan` says: nothing happens by chance, so a run with the same faults and the same requests ends
the same way.

Times of documents, windows of faults and the `Date` of every answer come from one `Clock`; only `slow`
faults and the rate limit look at real time, because a client's patience does too.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import unquote_plus

import httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from store.clock import Clock, instant, text

FAULT_HEADER: Final = "x-simulated-fault"
"""Carried by every answer that a fault made or damaged, with the fault's id."""

HUGE_BYTES: Final = 40 * 1024 * 1024
CHUNK_BYTES: Final = 64 * 1024

FaultKind = Literal[
    "throttle",
    "maintenance",
    "unavailable",
    "lost_answer",
    "reset",
    "unsaved",
    "slow",
    "garbage",
    "truncated",
    "invalid_utf8",
    "huge",
    "expired_token",
]

Document = dict[str, Any]
"""One vendor's document: JSON values by attribute name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, and with which requests.

    | kind | what the client sees | does the system act? |
    | --- | --- | --- |
    | throttle | 429, with `Retry-After` when `retry_after_s` is given | no |
    | maintenance | 503 with a text that says so; with `ends_at` all the time until then | no |
    | unavailable | `status` (500, 502, 503, 504), no such text | no |
    | lost_answer | the connection drops, no byte of an answer | **yes** |
    | reset | the connection drops, no byte of an answer | no |
    | unsaved | the right answer, with its number | no: it was a lie, nothing of it is kept |
    | slow | the right answer, `delay_s` real seconds late | yes |
    | garbage | 200 and a page of HTML, as a proxy would | no |
    | truncated | the right status, half of the JSON | yes |
    | invalid_utf8 | the right status, bytes that are no UTF-8 inside the JSON | yes |
    | huge | 200 and 40 MB of JSON, streamed | no |
    | expired_token | 401 | no |
    """

    id: str
    kind: FaultKind
    method: str | None = None
    path: str | None = None
    """Regular expression, searched in `path?query` with the query decoded."""
    body: str | None = None
    """Text that the request's body contains."""
    times: int = 1
    retry_after_s: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    status: int = 503
    delay_s: float = 1.0
    message: str | None = None
    """The text of the answer, where the kind has one."""

    def touches(self, method: str, target: str) -> bool:
        """Say whether method and `path?query` are those this fault is about."""
        return (self.method is None or self.method.upper() == method) and (
            self.path is None or re.search(self.path, target) is not None
        )

    def is_live(self, now: datetime, applied_count: int) -> bool:
        """Say whether the fault may strike at `now`, having struck `applied_count` times."""
        if (self.starts_at and now < self.starts_at) or (self.ends_at and now >= self.ends_at):
            return False
        is_window = self.kind == "maintenance" and self.ends_at is not None
        return is_window or applied_count < self.times


@dataclass(frozen=True, slots=True)
class AppliedFault:
    """One fault that struck."""

    fault_id: str
    at: datetime
    method: str
    path: str
    """`path?query`, the query decoded."""


class FaultPlan:
    """Which faults are to strike, and which did. The first one added that fits a request strikes."""

    def __init__(self, clock: Clock, faults: Iterable[Fault] = ()) -> None:
        self.clock = clock
        self.applied: list[AppliedFault] = []
        self._faults: dict[str, Fault] = {}
        self._counts: dict[str, int] = {}
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        if fault.id in self._faults:
            raise ValueError(f"there is a fault {fault.id!r} already")
        self._faults[fault.id] = fault

    def is_any_live(self) -> bool:
        """Say whether any fault may strike now, whatever is asked."""
        now = self.clock.now()
        return any(fault.is_live(now, self.applied_count(fault.id)) for fault in self._faults.values())

    def needs_body(self, method: str, target: str) -> bool:
        """Say whether the body of this request decides about a fault."""
        return any(fault.body is not None for fault in self._candidates(method, target))

    def strike(self, method: str, target: str, body: str) -> Fault | None:
        """Return the fault that hits this request, and note it as applied."""
        for fault in self._candidates(method, target):
            if fault.body is None or fault.body in body:
                self._counts[fault.id] = self._counts.get(fault.id, 0) + 1
                self.applied.append(AppliedFault(fault.id, self.clock.now(), method, target))
                return fault
        return None

    def applied_count(self, fault_id: str) -> int:
        return self._counts.get(fault_id, 0)

    def dump(self) -> Document:
        """Return what struck so far, as JSON values; the faults themselves are the planner's to add again."""
        return {"applied": [asdict(one) | {"at": text(one.at)} for one in self.applied]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from `dump()`: a fault that has struck as often as it may does not strike again."""
        self.applied = [AppliedFault(**(one | {"at": instant(one["at"])})) for one in state["applied"]]
        self._counts = {}
        for one in self.applied:
            self._counts[one.fault_id] = self._counts.get(one.fault_id, 0) + 1

    def _candidates(self, method: str, target: str) -> list[Fault]:
        now = self.clock.now()
        return [
            fault
            for fault in self._faults.values()
            if fault.is_live(now, self.applied_count(fault.id)) and fault.touches(method, target)
        ]


class ConnectionDroppedError(httpx.ReadError):
    """The simulated system dropped the connection.

    Raised only in process (`httpx.ASGITransport`), where there is no connection to drop: a client then sees
    the `httpx.ReadError` that a socket would give.
    """


class FaultyApp:
    """Wrap it around a whole app: answers carry the clock's `Date` and suffer the plan's faults.

    It must be what the server calls: inside another app, that app would turn a dropped connection into a 500.
    """

    def __init__(
        self,
        app: ASGIApp,
        plan: FaultPlan,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        remember: Callable[[], Callable[[], None]] | None = None,
    ) -> None:
        """`remember` takes the system's state and returns what puts it back: what an `unsaved` answer needs."""
        self._app = app
        self._plan = plan
        self._pause = pause
        self._remember = remember

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault, dated, body = None, self._dated(send), b""
        if self._plan.is_any_live():
            target = _target(scope)
            if self._plan.needs_body(scope["method"], target):
                body, receive = await _read_ahead(receive)
            fault = self._plan.strike(scope["method"], target, body.decode("utf-8", "replace"))
        if fault is None:
            await self._app(scope, receive, dated)
        elif fault.kind == "slow":
            await self._pause(fault.delay_s)
            await self._app(scope, receive, dated)
        elif fault.kind in ("lost_answer", "reset"):
            if fault.kind == "lost_answer":
                await self._app(scope, receive, _discard)
            await _drop(fault, receive, send)
        elif fault.kind == "unsaved":
            await self._lie(scope, receive, dated)
        elif fault.kind in ("truncated", "invalid_utf8"):
            await self._damage(fault, scope, receive, dated)
        elif fault.kind == "huge":
            await _send_huge(fault, dated)
        else:
            await _send_refusal(fault, dated)

    def _dated(self, send: Send) -> Send:
        date = format_datetime(self._plan.clock.now(), usegmt=True).encode()

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
            await send(message)

        return send_dated

    async def _lie(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app act and answer, and have nothing of it kept but the numbers it has given away."""
        assert self._remember is not None, "this system's state can't be put back"
        _, receive = await _read_ahead(receive)  # nobody else is served between the act and its undoing
        put_back = self._remember()
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await self._app(scope, receive, keep)
        put_back()
        for message in said:
            await send(message)

    async def _damage(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app act, then send its answer with a body that cannot be read."""
        start: Message = {}
        chunks: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await self._app(scope, receive, keep)
        whole = b"".join(chunks)
        middle = max(1, len(whole) // 2)
        rest = b"" if fault.kind == "truncated" else b"\xff\xfe" + whole[middle:]
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await _send(send, start["status"], headers, whole[:middle] + rest, fault)


def _target(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{_words(query)}" if query else str(scope["path"])


def arguments(scope: Scope) -> list[tuple[str, str]]:
    """Return the arguments of a request in order, as Starlette's `query_params` does.

    Remembered piece by piece: a client says the same with each page, and a list of fields is a thousand characters long.
    """
    query = scope["query_string"].decode("latin-1")
    return [_argument(piece) for piece in query.split("&") if piece]


@lru_cache(maxsize=4096)
def _argument(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return _words(name), _words(value)


@lru_cache(maxsize=1024)
def _words(encoded: str) -> str:
    return unquote_plus(encoded)


async def _read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """Return the whole body, and a `receive` that gives it to the app as if nobody had looked."""
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(chunks)
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return body, replay


async def _discard(message: Message) -> None:
    """Swallow what the app wanted to say."""


async def _drop(fault: Fault, receive: Receive, send: Send) -> None:
    """Cut the connection without a byte of an answer.

    ASGI has no message for it: a server turns an exception into a 500. uvicorn's `send` is a method of
    an object that holds the socket; elsewhere there is no socket, and the caller sees the error itself.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionDroppedError(f"the connection dropped ({fault.id})")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass  # uvicorn answers 500 to an app that returns before the server has noticed the cut


async def _send(
    send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, fault: Fault
) -> None:
    length = (b"content-length", str(len(body)).encode())
    mark = (FAULT_HEADER.encode(), fault.id.encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length, mark]})
    await send({"type": "http.response.body", "body": body})


async def _send_refusal(fault: Fault, send: Send) -> None:
    status, content_type, default = _REFUSALS[fault.kind]
    headers = [(b"content-type", content_type)]
    if fault.retry_after_s is not None:
        headers.append((b"retry-after", str(fault.retry_after_s).encode()))
    if fault.kind == "expired_token":
        headers.append((b"www-authenticate", b'Bearer error="invalid_token"'))
    body = (fault.message or default).encode()
    await _send(send, status or fault.status, headers, body, fault)


_HTML: Final = b"text/html; charset=utf-8"
_REFUSALS: Final[Mapping[str, tuple[int | None, bytes, str]]] = {
    "throttle": (429, b"text/plain", "Retry later"),
    "maintenance": (503, _HTML, "<html><body><h1>maintenance retry</h1></body></html>"),
    "unavailable": (None, _HTML, "<html><body><h1>The service is not available</h1></body></html>"),
    "garbage": (200, _HTML, "<html><body><p>Please sign in to the network.</p></body></html>"),
    "expired_token": (401, _HTML, "<html><body><h1>Unauthorized</h1></body></html>"),
}
"""Status (None: the fault's own), content type and text, by kind."""


async def _send_huge(fault: Fault, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (FAULT_HEADER.encode(), fault.id.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    filler = b"x" * CHUNK_BYTES
    await send({"type": "http.response.body", "body": b'[{"padding":"', "more_body": True})
    for _ in range(HUGE_BYTES // CHUNK_BYTES):
        await send({"type": "http.response.body", "body": filler, "more_body": True})
    await send({"type": "http.response.body", "body": b'"}]'})


def rewound(dump: Callable[[], Document], load: Callable[[Document], None]) -> Callable[[], None]:
    """Take a system's state now; return what puts it back, but for numbers that were given away and faults that struck."""
    before = json.loads(json.dumps(dump()))

    def put_back() -> None:
        after = dump()
        _keep_counting(before, after)
        load(before | {"faults": after["faults"]})

    return put_back


def _keep_counting(before: Document, after: Mapping[str, Any]) -> None:
    """A number is given away once: counters (`last_...`, `next_...`) never go back."""
    for name, value in after.items():
        if isinstance(value, int) and name.startswith(("last_", "next_")):
            before[name] = value
        elif isinstance(value, Mapping) and isinstance(before.get(name), dict):
            _keep_counting(before[name], value)


class Collection:
    """An ordered table of documents in memory, found by id, by other attributes, or by range.

    Documents belong to the collection once put: change a copy and put that, or the indexes go wrong.
    A document whose `id_name` is absent gets the next free integer.

    >>> orders = Collection("orders", keys=["number"], sorted_by=["updated"])
    >>> orders.put({"number": "A-1", "updated": 2})["id"]
    1
    >>> [order["id"] for order in orders.find("number", "A-1")]
    [1]
    """

    def __init__(
        self, name: str, *, id_name: str = "id", keys: Sequence[str] = (), sorted_by: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.id_name = id_name
        self._documents: dict[Any, Document] = {}
        self._ids: list[Any] = []
        self._next_id = 1
        self._keys: dict[str, dict[Any, list[Any]]] = {key: {} for key in keys}
        self._sorted: dict[str, list[tuple[Any, Any]]] = {name: [] for name in sorted_by}
        self._revisions: dict[Any, int] = {}
        self._indexed: dict[Any, dict[str, Any]] = {}
        """The values each document is indexed under now."""

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Document]:
        """Walk the documents by id, ascending."""
        return (self._documents[one] for one in self._ids)

    def __contains__(self, document_id: object) -> bool:
        return document_id in self._documents

    def get(self, document_id: object) -> Document | None:
        return self._documents.get(document_id)

    def at(self, document_id: object) -> Document:
        """Return a document that is known to be there."""
        return self._documents[document_id]

    def put(self, document: Document) -> Document:
        """Keep `document` in place of the one with the same id; return it."""
        document_id = document.get(self.id_name)
        if document_id is None:
            document_id = self._next_id
            document = {self.id_name: document_id, **{k: v for k, v in document.items() if k != self.id_name}}
        if isinstance(document_id, int):
            self._next_id = max(self._next_id, document_id + 1)
        if document_id in self._documents:
            self._forget(document_id)
        else:
            insort(self._ids, document_id)
        self._documents[document_id] = document
        self._revisions[document_id] = self._revisions.get(document_id, 0) + 1
        self._index(document_id, document)
        return document

    def remove(self, document_id: object) -> None:
        """Drop one document; its revision stays counted, so that a new one of that id is seen as changed."""
        self._forget(document_id)
        del self._documents[document_id]
        self._ids.remove(document_id)
        self._revisions[document_id] += 1

    def is_indexed(self, key: str) -> bool:
        return key in self._keys

    def find(self, key: str, value: object) -> list[Document]:
        """Return the documents whose `key` is `value`, by id, ascending."""
        return [self._documents[one] for one in sorted(self._keys[key].get(value, ()))]

    def between(
        self, name: str, *, after: Any = None, at_least: Any = None, up_to: Any = None
    ) -> Iterator[Document]:
        """Walk documents with `name` > `after`, >= `at_least`, <= `up_to`, by that attribute, then id."""
        rows = self._sorted[name]
        start = 0
        if at_least is not None:
            start = bisect_left(rows, at_least, key=_first)
        if after is not None:
            start = max(start, bisect_right(rows, after, key=_first))
        stop = len(rows) if up_to is None else bisect_right(rows, up_to, key=_first)
        return (self._documents[document_id] for _, document_id in rows[start:stop])

    def ids_after(self, document_id: object) -> list[Any]:
        """Return the ids greater than `document_id`, ascending."""
        return self._ids[bisect_right(self._ids, document_id) :]

    def revision(self, document_id: object) -> int:
        """Return how often this document was put: equal numbers mean equal content."""
        return self._revisions.get(document_id, 0)

    def dump(self) -> Document:
        """Return everything as JSON values."""
        return {"next_id": self._next_id, "documents": [self._documents[one] for one in self._ids]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Replace the content by what `dump()` returned."""
        for document_id in reversed(list(self._ids)):
            self.remove(document_id)
        for document in state["documents"]:
            self.put(dict(document))
        self._next_id = max(self._next_id, state["next_id"])

    def _index(self, document_id: Any, document: Document) -> None:
        values = {key: document.get(key) for key in (*self._keys, *self._sorted)}
        self._indexed[document_id] = values
        for key, by_value in self._keys.items():
            if values[key] is not None:
                by_value.setdefault(values[key], []).append(document_id)
        for name, rows in self._sorted.items():
            if values[name] is not None:
                insort(rows, (values[name], document_id))

    def _forget(self, document_id: Any) -> None:
        values = self._indexed.pop(document_id)
        for key, by_value in self._keys.items():
            if values[key] is not None:
                by_value[values[key]].remove(document_id)
        for name, rows in self._sorted.items():
            if values[name] is not None:
                del rows[bisect_left(rows, (values[name], document_id))]


def _first(row: tuple[Any, Any]) -> Any:
    return row[0]


class TokenBucket:
    """A rate limit: `per_second` on average, up to `burst` at once. Off when `per_second` is None."""

    def __init__(
        self,
        per_second: float | None,
        burst: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._monotonic = monotonic
        self._tokens = float(burst)
        self._filled_at = monotonic()

    def take(self) -> float:
        """Take one token and return 0; or take none and return the seconds until there is one."""
        if self._per_second is None:
            return 0.0
        now = self._monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._per_second


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """One request that a simulator was asked."""

    method: str
    path: str
    """`path?query`, the query decoded."""
    at: datetime


class RequestLog:
    """The requests a simulator saw: counts of all, the latest `kept` in full."""

    def __init__(self, clock: Clock, kept: int = 10_000) -> None:
        self._clock = clock
        self._kept = kept
        self._entries: list[RequestEntry] = []
        self.counts: dict[tuple[str, str], int] = {}
        """By method and path without query."""

    def __iter__(self) -> Iterator[RequestEntry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def total_count(self) -> int:
        return sum(self.counts.values())

    def note(self, scope: Scope) -> None:
        entry = RequestEntry(scope["method"], _target(scope), self._clock.now())
        self._entries.append(entry)
        if len(self._entries) > 2 * self._kept:
            del self._entries[: -self._kept]
        key = (entry.method, str(scope["path"]))
        self.counts[key] = self.counts.get(key, 0) + 1

    def count(self, method: str, pattern: str) -> int:
        """Return how many requests had this method and a path (without query) in which `pattern` is found."""
        return sum(n for (m, path), n in self.counts.items() if m == method and re.search(pattern, path))


def loopback_config(app: ASGIApp, *, port: int = 0) -> uvicorn.Config:
    """Return how uvicorn serves a simulator: loopback only, quiet, and no `Date` but the simulator's own."""
    return uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        date_header=False,
        server_header=False,
        proxy_headers=False,
        access_log=False,
        log_level="error",
        lifespan="off",
    )
