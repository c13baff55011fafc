"""Identity v4.1, the user search of v4, and Spend v4.1: reading people."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapters.concur.simulator_filter import FilterError, parse
from adapters.concur.simulator_http import Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_people import (
    IDENTITY_PATH,
    SPEND_LIMIT,
    SPEND_PATH,
    SPEND_USER,
    PeopleDesk,
)
from adapters.concur.simulator_state import User
from adapters.concur.simulator_world import World
from adapters.simulation import Document

COUNT_MAX: Final = 1000
SPEND_COUNT_MAX: Final = 100
BODY_BYTES_MAX: Final = 10 * 1024
LIST_RESPONSE: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_IDENTITY: Final = ("identity.user.ids.read", "identity.user.core.read", "identity.user.enterprise.read")
_ALWAYS: Final = ("schemas", "id")
_SPEND_FILTERS: Final = (
    "country",
    "locale",
    "ledgerCode",
    "reimbursementCurrency",
    "reimbursementType",
    "stateProvince",
    "testEmployee",
    "nonEmployee",
    "cashAdvanceAccountCode",
    "customData",
    "authorizedApprover",
)


class Users:
    """The reads of three services."""

    def __init__(self, world: World, people: PeopleDesk) -> None:
        self._world = world
        self._people = people

    def endpoints(self) -> list[Endpoint]:
        def one(method: str, path: str, handle: Callable[[Ask], Answer], *scopes: str) -> Endpoint:
            return Endpoint(method, path, "scim", handle, scopes)

        return [
            one("GET", IDENTITY_PATH, self._list, *_IDENTITY),
            one("POST", f"{IDENTITY_PATH}/.search", self._search, *_IDENTITY),
            one("GET", f"{IDENTITY_PATH}/{{id}}", self._user, *_IDENTITY),
            one("POST", "/profile/v4/Users/.search", self._search_indexed, "user.profile.search.read"),
            one("GET", SPEND_PATH, self._spend_list, "spend.user.general.read"),
            one("GET", f"{SPEND_PATH}/{{id}}", self._spend_user, "spend.user.general.read"),
        ]

    # -- identity ------------------------------------------------------------------------------------

    def _list(self, ask: Ask) -> Answer:
        views = [self._people.identity_view(one) for one in self._ordered()]
        count = ask.count("count", 100, least=1, most=COUNT_MAX)
        attributes = _names(ask.query.get("attributes"))
        excluded = _names(ask.query.get("excludedAttributes"))
        return _cursor_page(views, count, ask.query.get("cursor"), attributes, excluded)

    def _user(self, ask: Ask) -> Answer:
        view = self._people.identity_view(self._known(ask))
        attributes = _names(ask.query.get("attributes"))
        return Answer(200, projected(view, attributes, _names(ask.query.get("excludedAttributes"))))

    def _search(self, ask: Ask) -> Answer:
        return self._searched(ask, [self._people.identity_view(one) for one in self._ordered()])

    def _search_indexed(self, ask: Ask) -> Answer:
        """Search the indexed copy, which is behind."""
        if len(ask.body) > BODY_BYTES_MAX:
            raise RefusedError(400, "The request has more than 10 KB", error_id="tooMany")
        views = [self._people.indexed_view(one) for one in self._ordered()]
        answer = self._searched(ask, [one for one in views if one is not None])
        name = self._world.settings.search_total_name
        body = dict(answer.body)
        body[name] = body.pop("totalResults")
        return Answer(200, body)

    def _searched(self, ask: Ask, views: Sequence[Document]) -> Answer:
        body = ask.fields()
        if not isinstance(body.get("schemas"), list):
            raise RefusedError(400, "schemas is required", error_id="invalidSyntax", source="schemas")
        test = _test(body.get("filter"))
        count = body.get("count", 100)
        if not isinstance(count, int) or not 1 <= count <= COUNT_MAX:
            raise RefusedError(
                400, f"count must be 1 to {COUNT_MAX}", error_id="invalidValue", source="count"
            )
        found = [one for one in views if test(one)]
        return _cursor_page(
            found,
            count,
            body.get("cursor"),
            body.get("attributes") or (),
            body.get("excludedAttributes") or (),
        )

    # -- Spend ---------------------------------------------------------------------------------------

    def _spend_list(self, ask: Ask) -> Answer:
        given = ask.query.get("filter")
        if given is not None and not any(name in given for name in _SPEND_FILTERS):
            raise RefusedError(400, "The filter names no attribute that it may", error_id="invalidFilter")
        test = _test(given, ("eq", "ne"))
        users = [one for one in self._ordered() if SPEND_USER in one.spend]
        found = [view for view in map(self._people.spend_view, users) if test(view | view[SPEND_USER])]
        start = ask.count("startIndex", 1, least=1)
        count = ask.count("count", SPEND_COUNT_MAX, least=1, most=SPEND_COUNT_MAX)
        shown = found[start - 1 : start - 1 + count]
        return Answer(
            200,
            {
                "schemas": [LIST_RESPONSE],
                "totalResults": len(found),
                "startIndex": start,
                "itemsPerPage": len(shown),
                "Resources": [_global_limits(one) for one in shown],
            },
        )

    def _spend_user(self, ask: Ask) -> Answer:
        view = self._people.spend_view(self._known(ask))
        attributes = _names(ask.query.get("attributes"))
        if any(one.startswith(SPEND_LIMIT) for one in attributes):
            return Answer(200, projected(view, attributes, ()))
        return Answer(200, projected(_global_limits(view), attributes, ()))

    # -- helpers -------------------------------------------------------------------------------------

    def _ordered(self) -> list[User]:
        return sorted(self._world.state.users.values(), key=lambda one: (one.created_at, one.id))

    def _known(self, ask: Ask) -> User:
        user = self._world.state.users.get(ask.params["id"])
        if user is None:
            raise RefusedError(404, "The user does not exist", error_id="notFound")
        return user


def projected(view: Document, attributes: Sequence[str], excluded: Sequence[str]) -> Document:
    """Return the attributes that were asked for; `schemas` and `id` always are."""
    if attributes:
        kept: Document = {name: view[name] for name in _ALWAYS}
        for asked in attributes:
            _keep(view, asked, kept)
        return kept
    found = dict(view)
    for asked in excluded:
        urn = _urn_of(view, asked)
        if asked in _ALWAYS:
            continue
        if urn and urn != asked:
            found[urn] = {k: v for k, v in found[urn].items() if k != asked[len(urn) + 1 :]}
        else:
            found.pop(urn or asked, None)
    return found


def _keep(view: Document, asked: str, kept: Document) -> None:
    urn = _urn_of(view, asked)
    if urn:
        rest = asked[len(urn) :].lstrip(":.").partition(".")[0]
        if not rest:
            kept[urn] = view[urn]
        elif rest in view[urn]:
            kept[urn] = {**kept.get(urn, {}), rest: view[urn][rest]}
        return
    name = asked.rpartition(":")[2].partition(".")[0]
    if name in view:
        kept[name] = view[name]


def _urn_of(view: Mapping[str, Any], asked: str) -> str:
    urns = [
        key
        for key in view
        if key.startswith("urn:") and (asked == key or asked.startswith((f"{key}:", f"{key}.")))
    ]
    return max(urns, key=len, default="")


def _global_limits(view: Document) -> Document:
    """Show limits of the global group only: the others must be asked for."""
    limits = view.get(SPEND_LIMIT)
    if not limits:
        return view
    shown = {name: [one for one in found if not one.get("approvalGroup")] for name, found in limits.items()}
    return view | {SPEND_LIMIT: shown}


def _cursor_page(
    views: Sequence[Document],
    count: int,
    cursor: str | None,
    attributes: Sequence[str],
    excluded: Sequence[str],
) -> Answer:
    start = _position(views, cursor) if cursor else 0
    shown = views[start : start + count]
    body: Document = {
        "schemas": [LIST_RESPONSE],
        "totalResults": len(views),
        "itemsPerPage": len(shown),
        "Resources": [projected(one, attributes, excluded) for one in shown],
    }
    if start + count < len(views):
        body["nextCursor"] = base64.urlsafe_b64encode(f"after:{shown[-1]['id']}".encode()).decode()
    return Answer(200, body)


def _position(views: Sequence[Document], cursor: str) -> int:
    try:
        word, _, last = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
    except (binascii.Error, ValueError):
        word, last = "", ""
    place = next((place for place, one in enumerate(views) if one["id"] == last), None)
    if word != "after" or place is None:
        raise RefusedError(400, "The cursor is not valid", error_id="invalidCursor", source="cursor")
    return place + 1


def _test(text: str | None, allowed: tuple[str, ...] | None = None) -> Callable[[Mapping[str, Any]], bool]:
    if not text:
        return lambda view: True
    try:
        return parse(text, allowed=allowed) if allowed else parse(text)
    except FilterError as error:
        raise RefusedError(400, f"The filter is not valid: {error}", error_id="invalidFilter") from error


def _names(text: str | None) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()] if text else []
