"""List v4, List Item v4 and List Item Bulk v4."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from adapters.concur.simulator_http import PEOPLE, Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_list_desk import LEVELS_MAX, ListDesk, ListProblemError
from adapters.concur.simulator_state import ConcurList, ListItem
from adapters.concur.simulator_world import World
from adapters.simulation import Document

PAGE_SIZE: Final = 100
BULK_MAX: Final = 250
READ_LISTS: Final = ("spend.list.read",)
WRITE_LISTS: Final = ("spend.list.write",)
READ_ITEMS: Final = ("spend.listitem.read",)
WRITE_ITEMS: Final = ("spend.listitem.write",)
DELETE_ITEMS: Final = ("spend.listitem.delete",)
_NOT_FOUND: Final = ("list.not.found", "item.not.found", "list.deleted", "item.deleted")
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda have, want: bool(have == want),
    "not": lambda have, want: bool(have != want),
    "sw": lambda have, want: str(have).startswith(str(want)),
    "ew": lambda have, want: str(have).endswith(str(want)),
    "cp": lambda have, want: str(want) in str(have),
    "gt": lambda have, want: bool(have > want),
    "gte": lambda have, want: bool(have >= want),
    "lt": lambda have, want: bool(have < want),
    "lte": lambda have, want: bool(have <= want),
}


class Lists:
    """The calls; `ListDesk` does the work."""

    def __init__(self, world: World, desk: ListDesk) -> None:
        self._world = world
        self._desk = desk

    def endpoints(self) -> list[Endpoint]:
        def one(method: str, path: str, handle: Callable[[Ask], Answer], scopes: tuple[str, ...]) -> Endpoint:
            return Endpoint(method, f"/list/v4/{path}", "list", self._tried(handle), scopes, PEOPLE)

        return [
            one("GET", "lists", self._lists, READ_LISTS),
            one("POST", "lists", self._create_list, WRITE_LISTS),
            one("GET", "lists/{listId}", self._list, READ_LISTS),
            one("GET", "lists/{listId}/children", self._top, READ_ITEMS),
            one("GET", "lists/{listId}/items/{itemId}/children", self._children, READ_ITEMS),
            one("GET", "items/{itemId}/children", self._children, READ_ITEMS),
            one("POST", "items", self._create, WRITE_ITEMS),
            one("GET", "items/{itemId}", self._item, READ_ITEMS),
            one("PUT", "items/{itemId}", self._update, WRITE_ITEMS),
            one("DELETE", "items/{itemId}", self._delete, DELETE_ITEMS),
            one("DELETE", "lists/{listId}/items/{itemId}", self._take_out, DELETE_ITEMS),
            one("POST", "lists/{listId}/bulk", self._bulk_create, WRITE_ITEMS),
            one("PATCH", "lists/{listId}/bulk", self._bulk_update, WRITE_ITEMS),
        ]

    def _tried(self, handle: Callable[[Ask], Answer]) -> Callable[[Ask], Answer]:
        def tried(ask: Ask) -> Answer:
            try:
                return handle(ask)
            except ListProblemError as problem:
                is_duplicate = problem.id.startswith("item.duplicate")
                status = 404 if problem.id in _NOT_FOUND else 409 if is_duplicate else 400
                raise RefusedError(status, str(problem), error_id=problem.id) from problem

        return tried

    # -- lists ---------------------------------------------------------------------------------------

    def _lists(self, ask: Ask) -> Answer:
        views = [_list_view(one) for one in self._world.state.lists.values()]
        fields = {
            "value": lambda one: one["value"],
            "category.type": lambda one: one["category"]["type"],
            "levelCount": lambda one: one["levelCount"],
            "isDeleted": lambda one: one["isDeleted"],
        }
        keys = {
            "name": lambda one: one["value"],
            "levelcount": lambda one: one["levelCount"],
            "listcategory": lambda one: one["category"]["type"],
        }
        return self._page(ask, _sorted(ask, _filtered(ask, views, fields), keys, "name"))

    def _create_list(self, ask: Ask) -> Answer:
        body = ask.fields()
        name = _text(body, "value")
        level_count = body.get("levelCount", 1)
        if not isinstance(level_count, int) or not 1 <= level_count <= LEVELS_MAX:
            raise RefusedError(400, f"levelCount must be 1 to {LEVELS_MAX}", source="levelCount")
        made = self._desk.add_list(name, level_count=level_count)
        if body.get("isManaged"):
            made.managed_by = f"appId:{self._world.client_id}"
        return Answer(201, _list_view(made))

    def _list(self, ask: Ask) -> Answer:
        found = self._world.state.lists.get(ask.params["listId"])
        if found is None:
            raise ListProblemError("list.not.found")
        return Answer(200, _list_view(found))

    # -- items ---------------------------------------------------------------------------------------

    def _top(self, ask: Ask) -> Answer:
        list_id = self._desk.live_list(ask.params["listId"]).id
        items = [
            one for one in self._world.state.items.values() if list_id in one.list_ids and one.level == 1
        ]
        return self._items(ask, items)

    def _children(self, ask: Ask) -> Answer:
        parent = self._known(ask.params["itemId"], may_be_deleted=self._world.settings.shows_below_deleted)
        list_id = ask.params.get("listId")
        if list_id is not None and self._desk.live_list(list_id).id not in parent.list_ids:
            raise ListProblemError("item.not.found")
        items = [
            one
            for one in self._world.state.items.values()
            if one.parent_id == parent.id and (list_id is None or list_id in one.list_ids)
        ]
        return self._items(ask, items)

    def _items(self, ask: Ask, items: Iterable[ListItem]) -> Answer:
        parents = self._desk.parents_in_use()
        views = [_item_view(one, parents) for one in items]
        fields = {
            "value": lambda one: one["value"],
            "shortCode": lambda one: one["shortCode"],
            "hasChildren": lambda one: any(each["hasChildren"] for each in one["lists"]),
            "isDeleted": lambda one: one["isDeleted"],
        }
        found = _filtered(ask, views, fields)
        either = ask.query.get("shortCodeOrValue")
        if either is not None:
            test = _test("shortCodeOrValue", either)
            found = [one for one in found if test(one["shortCode"]) or test(one["value"])]
        keys = {"value": lambda one: one["value"], "shortcode": lambda one: one["shortCode"]}
        return self._page(ask, _sorted(ask, found, keys, "value"))

    def _create(self, ask: Ask) -> Answer:
        body = ask.fields()
        item = self._desk.add_item(
            _text(body, "listId"),
            _text(body, "shortCode"),
            _text(body, "value"),
            parent_code=body.get("parentCode"),
            parent_id=body.get("parentId"),
        )
        location = {"location": f"{ask.base}/list/v4/items/{item.id}"}
        return Answer(201, _item_view(item, set()), location)

    def _item(self, ask: Ask) -> Answer:
        item = self._world.state.items.get(ask.params["itemId"])
        if item is None:
            raise ListProblemError("item.not.found")
        return Answer(200, _item_view(item, self._desk.parents_in_use()))

    def _update(self, ask: Ask) -> Answer:
        item = self._known(ask.params["itemId"])
        body = ask.fields()
        self._check_writable(item)
        self._desk.update(item, short_code=_text(body, "shortCode"), value=_text(body, "value"))
        return Answer(200, _item_view(item, self._desk.parents_in_use()))

    def _delete(self, ask: Ask) -> Answer:
        item = self._known(ask.params["itemId"])
        self._check_writable(item)
        self._desk.delete(item)
        return Answer(204)

    def _take_out(self, ask: Ask) -> Answer:
        item = self._known(ask.params["itemId"])
        list_id = self._desk.live_list(ask.params["listId"], is_writing=True).id
        if list_id not in item.list_ids:
            raise ListProblemError("item.not.found")
        self._desk.take_out(item, list_id)
        return Answer(204)

    def _known(self, item_id: str, *, may_be_deleted: bool = False) -> ListItem:
        item = self._world.state.items.get(item_id)
        if item is None:
            raise ListProblemError("item.not.found")
        if item.is_deleted and not may_be_deleted:
            raise ListProblemError("item.deleted")
        return item

    def _check_writable(self, item: ListItem) -> None:
        for list_id in item.list_ids:
            self._desk.live_list(list_id, is_writing=True)

    # -- bulk ----------------------------------------------------------------------------------------

    def _bulk_create(self, ask: Ask) -> Answer:
        def create(list_id: str, one: Document) -> None:
            self._desk.add_item(list_id, one["shortCode"], one["value"], parent_code=one.get("parentCode"))

        return self._bulk(ask, ("shortCode", "value"), create, 201)

    def _bulk_update(self, ask: Ask) -> Answer:
        def change(list_id: str, one: Document) -> None:
            item = self._world.item_by_code(list_id, one["code"])
            if item is None:
                raise ListProblemError("item.not.found")
            if one.get("deleted") is False:
                self._desk.restore(item)
            elif item.is_deleted and one.get("deleted") is None:
                raise ListProblemError("item.deleted")
            if one.get("value") is not None:
                self._desk.update(item, value=one["value"])
            if one.get("deleted") is True:
                self._desk.delete(item)

        return self._bulk(ask, ("code",), change, 200)

    def _bulk(
        self, ask: Ask, required: tuple[str, ...], act: Callable[[str, Document], None], success: int
    ) -> Answer:
        self._check_rate()
        list_id = self._desk.live_list(ask.params["listId"], is_writing=True).id
        requests = ask.fields().get("requests")
        if not isinstance(requests, list) or not requests:
            raise RefusedError(400, "requests must be an array", source="requests")
        if len(requests) > BULK_MAX:
            raise RefusedError(400, f"requests has more than {BULK_MAX} elements", source="requests")
        for one in requests:
            for name in required:
                _text(one if isinstance(one, dict) else {}, name)
        errors = []
        for one in requests:
            try:
                act(list_id, one)
            except ListProblemError as problem:
                errors.append({"id": problem.id, "message": str(problem), "listItem": one})
        succeeded = len(requests) - len(errors)
        word = "SUCCESS" if not errors else "PARTIAL_SUCCESS" if succeeded else "FAILURE"
        status = success if not errors else 206 if succeeded else 400
        body = {
            "status": word,
            "recordsSucceeded": succeeded,
            "recordsFailed": len(errors),
            "errors": errors,
        }
        return Answer(status, body)

    def _check_rate(self) -> None:
        """Refuse more bulk calls a minute than the company has."""
        most = self._world.settings.list_bulk_per_minute
        if most is None:
            return
        now = self._world.now()
        minute = timedelta(minutes=1)
        calls = [at for at in self._world.state.bulk_calls if now - at < minute]
        if len(calls) >= most:
            wait = int((calls[0] + minute - now).total_seconds()) + 1
            raise RefusedError(
                429,
                "The rate limit is reached",
                error_id="security.rate.limit.reached",
                headers={"retry-after": str(wait)},
            )
        self._world.state.bulk_calls = [*calls, now]

    # -- pages ---------------------------------------------------------------------------------------

    def _page(self, ask: Ask, views: list[Document]) -> Answer:
        page = ask.count("page", 1, least=1)
        total_pages = max(1, -(-len(views) // PAGE_SIZE))
        pages = {"first": 1, "self": page, "next": page + 1, "last": total_pages}
        if page >= total_pages:
            del pages["next"]
        return Answer(
            200,
            {
                "content": views[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
                "links": [
                    {"rel": rel, "href": f"{ask.base}{ask.path}?page={number}"}
                    for rel, number in pages.items()
                ],
                "page": {
                    "number": page,
                    "size": PAGE_SIZE,
                    "totalElements": len(views),
                    "totalPages": total_pages,
                },
            },
        )


def _list_view(one: ConcurList) -> Document:
    return {
        "id": one.id,
        "value": one.name,
        "levelCount": one.level_count,
        "searchCriteria": one.search_criteria,
        "displayFormat": one.display_format,
        "category": {"id": one.category_id, "type": one.category_type},
        "isReadOnly": one.is_read_only,
        "isDeleted": one.is_deleted,
        "managedBy": one.managed_by,
    }


def _item_view(one: ListItem, parents: set[tuple[str, str]]) -> Document:
    return {
        "id": one.id,
        "code": one.code,
        "shortCode": one.short_code,
        "value": one.value,
        "parentId": one.parent_id,
        "level": one.level,
        "isDeleted": one.is_deleted,
        "lists": [{"id": each, "hasChildren": (each, one.id) in parents} for each in one.list_ids],
    }


def _filtered(
    ask: Ask, views: list[Document], fields: Mapping[str, Callable[[Document], Any]]
) -> list[Document]:
    """Keep what the filters ask for; deleted ones only if they are asked for."""
    for name, read in fields.items():
        given = ask.query.get(name)
        if given is None and name == "isDeleted":
            views = [one for one in views if not read(one)]
        elif given is not None:
            test = _test(name, given)
            views = [one for one in views if test(read(one))]
    return views


def _test(name: str, given: str) -> Callable[[Any], bool]:
    operator, colon, wanted = given.partition(":")
    if not colon or operator not in _OPERATORS:
        raise RefusedError(400, f"{name} must be operator:value, not {given!r}", source=name)
    compare = _OPERATORS[operator]
    if name in ("isDeleted", "hasChildren"):
        return lambda have: compare(have, wanted.lower() == "true")
    if name == "levelCount":
        if not wanted.isdecimal():
            raise RefusedError(400, "levelCount must be compared with a number", source=name)
        return lambda have: compare(have, int(wanted))
    return lambda have: compare(have.lower(), wanted.lower())


def _sorted(
    ask: Ask, views: list[Document], keys: Mapping[str, Callable[[Document], Any]], default: str
) -> list[Document]:
    by = ask.query.get("sortBy", default).lower()
    direction = ask.query.get("sortDirection", "asc")
    if by not in keys or direction not in ("asc", "desc"):
        raise RefusedError(400, f"sortBy must be one of {', '.join(keys)}", source="sortBy")
    return sorted(views, key=keys[by], reverse=direction == "desc")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RefusedError(400, f"{name} is required", source=name)
    return value
