"""Values of lists: cost centres, projects, accounts, as the connection's options say which list is which.

Lists are trees. A value's code is that of its own level; long codes are never cut apart, because hyphens stand
in short codes as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from adapters.answer import Answer
from adapters.base import Page
from adapters.broken import mended
from adapters.concur import ids, wire, wire_masters
from adapters.concur.options import ListOptions, Options
from adapters.concur.reading import decoded, decoded_or_none
from adapters.concur.session import Session
from adapters.errors import SettingsError
from adapters.paging import Place, page_digest, split_rows

LISTS: Final = "/list/v4/lists"
ITEMS: Final = "/list/v4/items"
DEPTH_MAX: Final = 10


class _PageNumbers(wire.Camel):
    number: int | None = None
    total_pages: int | None = None


class _Envelope(wire.Camel):
    page: _PageNumbers | None = None


@dataclass(frozen=True, slots=True)
class _Branch:
    """A list, or one value of it whose children are to be read."""

    item_id: str | None
    short_code: str | None
    depth: int
    is_deleted: bool = False


class Lists:
    """The lists that one company's connection names."""

    def __init__(self, session: Session, options: Options, pages_max: int) -> None:
        self._session = session
        self._options = options
        self._pages_max = pages_max

    def named(self, entity: str) -> dict[str, ListOptions]:
        """Return the lists whose values are `entity`; without any the option to set is named."""
        found = {name: one for name, one in self._options.lists.items() if one.entity == entity}
        if not found:
            raise SettingsError(
                self._session.system,
                f"{entity} is not read from here: name its list in the option lists, for example "
                f'lists.main = {{ list_id = "...", entity = "{entity}" }}',
            )
        return found

    async def read(self, entity: str) -> AsyncIterator[Page]:
        """Walk all values, then those that were deleted; there is no way to ask for changes only."""
        named = list(self.named(entity).items())
        held: list[bytes] | None = None
        for name, one in named:
            async for rows in self._walk(name, one):
                if held is not None:
                    yield Page(held, None, False)
                held = rows
        yield Page(held or [], None, True)

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read these values afresh; a value does not say which of our lists it is of unless one of them holds it."""
        named = self.named(entity)
        rows = []
        for external_id in dict.fromkeys(external_ids):
            if not ids.ID.fullmatch(external_id):
                continue
            answer = await self.item(external_id)
            if answer is None:
                continue
            item = answer.decode(wire_masters.ListItem)
            member = {_plain(one.id) for one in item.lists or ()}
            name = next((n for n, one in named.items() if _plain(one.list_id) in member), None)
            if name is None:
                continue
            parent = await self.item(item.parent_id) if item.parent_id else None
            short_code = parent.decode(wire_masters.ListItem).short_code if parent is not None else None
            rows.append(_row(name, short_code, answer.content))
        return rows

    async def item(self, item_id: str) -> Answer | None:
        answer = await self._session.request("GET", f"{ITEMS}/{item_id}", is_write=False, expects=(200, 404))
        return answer if answer.status == 200 else None

    async def find(
        self, list_id: str, parent_id: str | None, short_code: str
    ) -> wire_masters.ListItem | None:
        """Return the value of that code below that parent, deleted or not."""
        path = _children(list_id, parent_id)
        for is_deleted in ("eq:false", "eq:true"):
            params: dict[str, str | int] = {
                "page": 1,
                "shortCode": f"eq:{short_code}",
                "isDeleted": is_deleted,
            }
            answer = await self._session.request(
                "GET", path, params=params, is_write=False, expects=(200, 404)
            )
            if answer.status == 404:
                return None
            for raw in split_rows(answer, "content"):
                item = decoded(self._session.system, raw, wire_masters.ListItem, "a list value")
                if item.short_code == short_code:
                    return item
        return None

    async def _walk(self, name: str, one: ListOptions) -> AsyncIterator[list[bytes]]:
        """Yield the pages of a list, level by level: a child never comes before its parent."""
        waiting = [_Branch(None, None, 1)]
        while waiting:
            branch = waiting.pop(0)
            for is_deleted in (False, True):
                path = _children(one.list_id, branch.item_id)
                async for raws in self._pages(path, is_deleted, may_be_gone=branch.is_deleted):
                    rows = []
                    for raw in raws:
                        item = _item(raw)
                        is_wanted = one.level is None or (item.level or branch.depth) == one.level
                        if is_wanted:
                            rows.append(_row(name, branch.short_code, raw))
                        # Down to a known level always: a parent all of whose values were deleted says it has none.
                        deeper = branch.depth < (one.level or DEPTH_MAX)
                        has_more = one.level is not None or _has_children(item, one.list_id)
                        if deeper and (has_more or is_deleted) and item.id:
                            # Below a deleted value all is deleted, and says so only when it is asked.
                            waiting.append(_Branch(item.id, item.short_code, branch.depth + 1, is_deleted))
                    if rows:
                        yield rows

    async def _pages(
        self, path: str, is_deleted: bool, *, may_be_gone: bool = False
    ) -> AsyncIterator[list[bytes]]:
        place = Place(self._session.system, path, self._pages_max)
        page, before = 1, b""
        while True:
            params: dict[str, str | int] = {"page": page}
            if is_deleted:
                params["isDeleted"] = "eq:true"
            expects = (200, 404) if may_be_gone else (200,)
            answer = await self._session.request("GET", path, params=params, is_write=False, expects=expects)
            if answer.status == 404:
                return  # nothing is shown below a value that was deleted: what we hold keeps its last state
            answer = mended(answer)
            rows = split_rows(answer, "content")
            yield rows
            numbers = answer.decode(_Envelope).page or _PageNumbers()
            if not rows or page >= (numbers.total_pages or 1):
                return
            digest = page_digest(answer)
            if digest == before:
                raise place.loop(page, "it is the page before once more")
            if page >= self._pages_max:
                raise place.too_many()
            page, before = page + 1, digest


def _children(list_id: str, item_id: str | None) -> str:
    return f"{LISTS}/{list_id}/children" if item_id is None else f"{LISTS}/{list_id}/items/{item_id}/children"


def _row(name: str, parent: str | None, raw: bytes) -> bytes:
    return msgspec.json.encode({"list": name, "parent": parent, "item": msgspec.Raw(raw)})


def _item(raw: bytes) -> wire_masters.ListItem:
    return decoded_or_none(raw, wire_masters.ListItem) or wire_masters.ListItem()


def _has_children(item: wire_masters.ListItem, list_id: str) -> bool:
    return any(one.has_children and _plain(one.id) == _plain(list_id) for one in item.lists or ())


def _plain(one: str | None) -> str:
    """Return an id as it is compared: item ids come with hyphens and without."""
    return (one or "").replace("-", "").upper()
