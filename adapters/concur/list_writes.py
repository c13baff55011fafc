"""Values of lists: made, renamed, restored, taken out; one by one or up to 250 in a call.

A value is known by the codes on the way to it. Long codes are Concur's own and are asked for, never put together
by us: a short code may hold the hyphen that joins them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from adapters.base import Receipt, WriteRequest
from adapters.concur import ids, wire, wire_masters
from adapters.concur.lists import ITEMS, LISTS, Lists
from adapters.concur.options import Options
from adapters.concur.session import Session
from adapters.errors import OutcomeUnknownError, Refusal, RejectedError, SettingsError, TransientError

CREATE: Final = "list_item.create"
CHANGE: Final = "list_item.change"
DELETE: Final = "list_item.delete"
LOAD: Final = "list_item.load"
OPERATIONS: Final = (CREATE, CHANGE, DELETE, LOAD)
BULK_MAX: Final = 250
CODE_MAX: Final = 32
NAME_MAX: Final = 64
REFUSED_SHOWN: Final = 5

_TAKEN: Final = "item.duplicate.code"
_TAKEN_DELETED: Final = "item.duplicate.code.deleted"
_PASSES: Final = ("item.operation.timeout", "security.rate.limit.reached")
_CONFIGURATION: Final = ("list.not.found", "list.deleted")


class _BulkError(wire.Camel):
    id: str | None = None
    message: str | None = None
    list_item: dict[str, Any] | None = None


class _BulkAnswer(wire.Camel):
    status: str | None = None
    records_succeeded: int | None = None
    records_failed: int | None = None
    errors: list[_BulkError] | None = None


class _Item(msgspec.Struct, frozen=True):
    """One value as it shall be."""

    code: str
    name: str
    parents: tuple[str, ...] = ()
    is_active: bool = True


class ListDesk:
    """The writes to lists."""

    operations = OPERATIONS

    def __init__(self, session: Session, options: Options, lists: Lists) -> None:
        self._session = session
        self._options = options
        self._lists = lists

    async def write(self, request: WriteRequest) -> Receipt:
        list_id = self._list_id(request)
        if request.operation == LOAD:
            return await self._load(request, list_id)
        found = await self.find(request)
        if found is not None:
            return found
        if request.operation == DELETE:
            path = f"{LISTS}/{list_id}/items/{self._item_id(request)}"
            await self._session.request("DELETE", path, is_write=True, expects=(200, 204))
            return Receipt(request.external_id)
        item = self._wanted(request, request.body)
        held = await self._held(list_id, item)
        if held is not None or request.operation == CHANGE:
            return await self._change(request, list_id, item, held)
        return await self._create(request, list_id, item)

    async def find(self, request: WriteRequest) -> Receipt | None:
        list_id = self._list_id(request)
        if request.operation == DELETE:
            return await self._found_deleted(request, list_id)
        if request.operation == LOAD:
            for item in self._all_wanted(request):
                if not _is_as(await self._held(list_id, item), item):
                    return None
            return Receipt(None, was_found=True)
        item = self._wanted(request, request.body)
        held = await self._held(list_id, item)
        if held is None or not _is_as(held, item):
            return None
        return Receipt(held.id, number=item.code, was_found=True)

    async def _create(self, request: WriteRequest, list_id: str, item: _Item) -> Receipt:
        body = {"listId": list_id, "shortCode": item.code, "value": item.name}
        parent = await self._parent(request, list_id, item.parents)
        if parent is not None:
            body["parentId"] = parent.id or ""
        answer = await self._session.request("POST", ITEMS, json=body, is_write=True, expects=(200, 201))
        made = answer.decode(wire_masters.ListItem) if answer.content else wire_masters.ListItem()
        own_id = made.id or answer.headers.get("location", "").rpartition("/")[2] or None
        return Receipt(own_id, number=item.code)

    async def _change(
        self, request: WriteRequest, list_id: str, item: _Item, held: wire_masters.ListItem | None
    ) -> Receipt:
        """Make a value that is there as it shall be: its name, and whether it may be used."""
        if held is None or not held.code:
            told = f"the list {request.body.get('list')} has no value {'/'.join((*item.parents, item.code))}"
            raise self._refused("REJECTED", told, ("item.not.found",))
        change = {"code": held.code, "value": item.name, "deleted": not item.is_active}
        answer = await self._bulk("PATCH", list_id, [change])
        self._raise_refused(request, answer.errors or ())
        return Receipt(held.id, number=item.code)

    async def _load(self, request: WriteRequest, list_id: str) -> Receipt:
        """Make a list hold these values, in the order given: parents before children."""
        wanted = self._all_wanted(request)
        codes: dict[tuple[str, ...], str] = {}
        new, changed = [], []
        for item in wanted:
            held = await self._held(list_id, item)
            if held is None:
                new.append(item)
            elif not _is_as(held, item):
                changed.append((held, item))
            if held is not None and held.code:
                codes[(*item.parents, item.code)] = held.code
        errors: list[_BulkError] = []
        made = 0
        for level in sorted(
            {len(item.parents) for item in new}
        ):  # a parent has its long code once it is made
            part = [item for item in new if len(item.parents) == level]
            sent = [await self._new_value(request, list_id, item, codes) for item in part]
            answer = await self._bulk("POST", list_id, sent)
            errors += answer.errors or ()
            made += answer.records_succeeded or 0
        if changed:
            sent = [
                {"code": held.code, "value": item.name, "deleted": not item.is_active}
                for held, item in changed
            ]
            answer = await self._bulk("PATCH", list_id, sent)
            errors += answer.errors or ()
            made += answer.records_succeeded or 0
        self._raise_refused(request, errors)
        return Receipt(None, answer={"changed": made}, was_found=made == 0)

    async def _new_value(
        self, request: WriteRequest, list_id: str, item: _Item, codes: dict[tuple[str, ...], str]
    ) -> dict[str, Any]:
        value: dict[str, Any] = {"shortCode": item.code, "value": item.name}
        if item.parents:
            if item.parents not in codes:
                parent = await self._parent(request, list_id, item.parents)
                codes[item.parents] = (parent.code if parent else None) or ""
            value["parentCode"] = codes[item.parents]
        return value

    async def _bulk(self, method: str, list_id: str, requests: Sequence[Mapping[str, Any]]) -> _BulkAnswer:
        answer = await self._session.request(
            method,
            f"{LISTS}/{list_id}/bulk",
            json={"requests": list(requests)},
            is_write=True,
            expects=(200, 201, 206, 400),
        )
        found = answer.decode(_BulkAnswer)
        if found.status is None:  # a malformed call has another body than one that was refused part by part
            said = answer.content[:500].decode("utf-8", "replace")
            raise self._refused("PAYLOAD_INVALID", f"Concur refused the values: {said}", ())
        return found

    async def _held(self, list_id: str, item: _Item) -> wire_masters.ListItem | None:
        parent_id: str | None = None
        for code in item.parents:
            parent = await self._lists.find(list_id, parent_id, code)
            if parent is None or parent.id is None:
                return None
            parent_id = parent.id
        return await self._lists.find(list_id, parent_id, item.code)

    async def _parent(
        self, request: WriteRequest, list_id: str, parents: tuple[str, ...]
    ) -> wire_masters.ListItem | None:
        if not parents:
            return None
        found = await self._held(list_id, _Item(parents[-1], "", parents[:-1]))
        if found is None or found.is_deleted:
            told = f"the list {request.body.get('list')} has no value {'/'.join(parents)} to put others below"
            raise self._refused("REJECTED", f"{told}. Send or restore it first", ("item.parent.not.found",))
        return found

    async def _found_deleted(self, request: WriteRequest, list_id: str) -> Receipt | None:
        answer = await self._lists.item(self._item_id(request))
        if answer is None:
            return Receipt(request.external_id, was_found=True)
        item = answer.decode(wire_masters.ListItem)
        is_in_list = any(_same(one.id, list_id) for one in item.lists or ())
        return Receipt(request.external_id, was_found=True) if item.is_deleted or not is_in_list else None

    def _all_wanted(self, request: WriteRequest) -> list[_Item]:
        given = request.body.get("items")
        if not isinstance(given, Sequence) or not 0 < len(given) <= BULK_MAX:
            raise self._refused("PAYLOAD_INVALID", f"items is not a list of 1 to {BULK_MAX} values", ())
        return [self._wanted(request, one) for one in given]

    def _wanted(self, request: WriteRequest, body: Mapping[str, Any]) -> _Item:
        code, name = str(body.get("code") or ""), str(body.get("name") or "")
        if not code or len(code) > CODE_MAX or ":" in code:
            told = f"code is {code!r}, not 1 to {CODE_MAX} characters without a colon"
            raise self._refused("PAYLOAD_INVALID", f"{request.operation} can't be sent: {told}", ())
        if not name or len(name) > NAME_MAX:
            told = f"the name of {code} is {name!r}, not 1 to {NAME_MAX} characters"
            raise self._refused("PAYLOAD_INVALID", f"{request.operation} can't be sent: {told}", ())
        parents = tuple(str(one) for one in body.get("parents") or ())
        return _Item(code, name, parents, body.get("is_active") is not False)

    def _list_id(self, request: WriteRequest) -> str:
        name = str(request.body.get("list"))
        if name not in self._options.lists:
            raise SettingsError(
                self._session.system,
                f"there is no list {name!r} here: name it in the option lists. There are: "
                f"{', '.join(sorted(self._options.lists)) or 'none'}",
            )
        return self._options.lists[name].list_id

    def _item_id(self, request: WriteRequest) -> str:
        if not request.external_id or not ids.ID.fullmatch(request.external_id):
            raise SettingsError(
                self._session.system, f"{request.external_id!r} is not the id of a list value of Concur"
            )
        return request.external_id

    def _raise_refused(self, request: WriteRequest, errors: Sequence[_BulkError]) -> None:
        """Say which values were refused; the others are done, and sending all again harms nothing."""
        if not errors:
            return
        codes = tuple(dict.fromkeys(one.id or "" for one in errors))
        shown = "; ".join(
            f"{(one.list_item or {}).get('shortCode') or (one.list_item or {}).get('code')}: "
            f"{one.message or one.id}"
            for one in errors[:REFUSED_SHOWN]
        )
        told = f"{len(errors)} values of the list {request.body.get('list')} were refused: {shown}"
        if all(code in _PASSES for code in codes):
            raise TransientError(self._session.system, told)
        if any(
            code in (_TAKEN, _TAKEN_DELETED) for code in codes
        ):  # somebody made them between look and write
            raise OutcomeUnknownError(
                self._session.system, f"{told}. They are looked up before they are sent"
            )
        case_class = "CONFIGURATION" if any(code in _CONFIGURATION for code in codes) else "REJECTED"
        raise self._refused(case_class, told, codes)

    def _refused(self, case_class: str, told: str, codes: tuple[str, ...]) -> RejectedError:
        return RejectedError(self._session.system, Refusal(case_class, told, codes))


def _is_as(held: wire_masters.ListItem | None, item: _Item) -> bool:
    if held is None or (held.is_deleted is True) == item.is_active:
        return False
    return held.value == item.name or not item.is_active


def _same(one: str | None, other: str) -> bool:
    return (one or "").replace("-", "").upper() == other.replace("-", "").upper()
