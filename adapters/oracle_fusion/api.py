"""Oracle's REST framework: headers, collections in pages, addresses, actions. It knows no entity.

Keys in addresses are opaque, so an item is always reached by the `self` link it came with: by its path below the REST root, at
the configured address. A link may name another host or path than we use, where a gateway stands before the pod; whatever host it
names, nobody but the configured address is asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, Final

from adapters.answer import Answer, first_bad_byte
from adapters.broken import mended
from adapters.errors import ProtocolError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.links import Links
from adapters.oracle_fusion.options import Options
from adapters.paging import OffsetPage, Place, page_digest, walk_by_offset
from adapters.transport import Transport

ACCEPT: Final = "application/json, application/vnd.oracle.adf.error+json"
ITEM: Final = "application/json"
BATCH: Final = "application/vnd.oracle.adf.batch+json"
ACTION: Final = "application/vnd.oracle.adf.action+json"

PRIVATE: Final = ("externalBankAccounts",)
"""What holds account numbers: no error keeps anything of its answers."""

Params = Mapping[str, str | int]
Children = Mapping[str, "Children"]
"""Child collections by name, each with its own."""


class Api:
    """Calls on one Fusion instance."""

    def __init__(self, transport: Transport, options: Options, page_size: int, pages_max: int) -> None:
        self.system = transport.system
        self.page_size = page_size
        self._transport = transport
        self._root = options.api_path
        self._links = Links(transport.system, options.api_path, options.hcm_path)
        self._pages_max = pages_max
        self._version = options.framework_version
        self._mends = False

    def for_reads(self) -> Api:
        """Return the same for reads only: its pages hold stand-ins for broken rows. What a write looks up never does."""
        other = copy(self)
        other._mends = True
        return other

    async def get(self, path: str, params: Params | None = None, *, is_private: bool = False) -> Answer:
        return await self._transport.request(
            "GET",
            self._url(path),
            params=params,
            headers=self._headers(),
            is_write=False,
            is_private=is_private,
            expects=(200,),
        )

    async def create(
        self, path: str, body: object, *, expects: Sequence[int] = (201,), upserts: bool = False
    ) -> Answer:
        """Create an item; with `upserts` Oracle updates the one it takes for the same, where it supports that."""
        more = {"Upsert-Mode": "true"} if upserts else {}
        return await self._send("POST", path, body, expects=expects, more=more)

    async def batch(self, parts: Sequence[Mapping[str, object]]) -> Answer:
        """Do several operations in one call: all of them or none."""
        return await self._send("POST", self._root, {"parts": parts}, expects=(200,), content_type=BATCH)

    async def update(self, href: str, body: object, etag: str | None) -> Answer:
        return await self._send("PATCH", href, body, expects=(200,), etag=etag)

    async def delete(self, href: str) -> Answer:
        return await self._transport.request(
            "DELETE", self._url(href), headers=self._headers(), is_write=True, expects=(200, 204)
        )

    async def act(self, href: str, action: str, body: object) -> object:
        """Call a custom action; return its result. That it was answered with 200 does not mean that it worked."""
        answer = await self._send(
            "POST", f"{href}/action/{action}", body, expects=(200,), content_type=ACTION
        )
        return answer.decode(wire.ActionAnswer).result

    async def page(self, path: str, params: Params) -> tuple[Answer, wire.Envelope]:
        """Read one page of a collection."""
        answer = await self.get(path, params, is_private=path in PRIVATE)
        if self._mends:
            answer = mended(answer)
        bad = first_bad_byte(answer.content)
        if bad is not None:  # rows stay bytes, so nobody else would notice
            raise answer.unreadable(f"it is not UTF-8 at byte {bad}")
        return answer, answer.decode(wire.Envelope)

    async def rows(self, path: str, params: Params) -> list[bytes]:
        """Read a whole collection that is known to be small."""
        return [row async for part in self.walk(path, params) for row in part]

    async def walk(self, path: str, params: Params) -> AsyncIterator[Sequence[bytes]]:
        """Walk a collection by offset. `params` must order by a unique attribute."""
        place = self.place(path)

        async def fetch(offset: int) -> OffsetPage[bytes]:
            answer, envelope = await self.page(path, {"limit": self.page_size, **params, "offset": offset})
            return OffsetPage(items(envelope), envelope.hasMore, page_digest(answer))

        async for _, page in walk_by_offset(place, 0, fetch):
            yield page.rows

    async def complete(self, item: dict[str, Any], children: Children) -> dict[str, Any]:
        """Return the item with every child: an expanded answer may hold only the first page of them.

        The item must have come with its links.
        """
        whole = {**item}
        for name, below in children.items():
            held = item.get(name)
            if isinstance(held, dict) and held.get("hasMore"):
                params: dict[str, str | int] = {
                    "links": "self",
                    **({"expand": expand(below)} if below else {}),
                }
                path = f"{self._own_link(item)}/child/{name}"
                found = [wire.decode_any(row) for row in await self.rows(path, params)]
            else:
                found = held.get("items", []) if isinstance(held, dict) else (held or [])
            whole[name] = [await self.complete(child, below) for child in found]
        return whole

    def place(self, path: str) -> Place:
        return Place(self.system, self._url(path).partition("?")[0], self._pages_max)

    def _own_link(self, item: Mapping[str, Any]) -> str:
        links = item.get("links") or []
        by_rel = {link.get("rel"): str(link.get("href")) for link in reversed(links)}
        href = by_rel.get("self") or by_rel.get("canonical")
        if href is None:
            raise ProtocolError(
                self.system,
                "an item came without a link of its own (self), so the rest of its children cannot be read. "
                "Check that nothing between us and Oracle removes links from its answers",
            )
        return href

    async def _send(
        self,
        method: str,
        path: str,
        body: object,
        *,
        expects: Sequence[int],
        content_type: str = ITEM,
        etag: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        headers = {**self._headers(), "Content-Type": content_type, **(more or {})}
        if etag is not None:
            headers["If-Match"] = etag if etag.startswith(('"', "W/")) else f'"{etag}"'
        return await self._transport.request(
            method,
            self._url(path),
            headers=headers,
            content=wire.encode(body),
            is_write=True,
            expects=expects,
        )

    def _headers(self) -> dict[str, str]:
        return {"Accept": ACCEPT, "REST-Framework-Version": self._version}

    def _url(self, path: str) -> str:
        if "://" in path:
            return self._links.path(path)
        return path if path.startswith("/") else f"{self._root}/{path}"


def items(envelope: wire.Envelope) -> list[bytes]:
    """Return the rows as they came; an empty page may have no `items` at all."""
    return [bytes(row) for row in envelope.items or ()]


def expand(children: Children) -> str:
    """Return the expand parameter for a tree of children: each branch whole, its parents are implied.

    >>> expand({"lines": {"schedules": {"distributions": {}}}, "holds": {}})
    'lines.schedules.distributions,holds'
    >>> expand({"lines": {"parts": {}, "projects": {}}})
    'lines.parts,lines.projects'
    """
    return ",".join(_branches(children))


def _branches(children: Children) -> Iterator[str]:
    for name, below in children.items():
        yield from (f"{name}.{one}" for one in _branches(below)) if below else (name,)


def quoted(text: str) -> str:
    """Return a string literal of the filter language.

    >>> quoted("O'Neill")
    "'O''Neill'"
    """
    return "'" + text.replace("'", "''") + "'"


def one_of(attribute: str, values: Sequence[str], *, is_number: bool) -> str:
    """Return a filter for any of these values; as numbers, those that are none are left out.

    >>> one_of("POHeaderId", ["1", "x", "2"], is_number=True), one_of("Value", ["0420"], is_number=False)
    ('POHeaderId IN (1,2)', "Value IN ('0420')")
    """
    literals = (
        [value for value in values if is_id(value)] if is_number else [quoted(value) for value in values]
    )
    return f"{attribute} IN ({','.join(literals)})"


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()
