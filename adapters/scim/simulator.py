"""A directory as an ASGI app: users and groups that people change by hand, read by the protocol (RFC 7643, RFC 7644).

`Settings` turn it into the poorer servers there are: that know hardly any filter, ignore it, show pages of two rows, or send
`active` and the manager as plain text.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.scim.simulator_filter import FilterError, parsed
from adapters.simulation import Collection, Document, FaultPlan, FaultyApp, RequestLog
from store.clock import Clock, text

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
CONFIG: Final = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
MEDIA_TYPE: Final = "application/scim+json"
COUNT_DEFAULT: Final = 100


@dataclass(frozen=True, slots=True)
class Settings:
    """What this server knows, and how it says things."""

    filters: Literal["all", "equal", "ignored", "none"] = "all"
    """equal: only `eq` on userName and externalId; ignored: any filter is taken and nothing is left out."""
    rows_max: int = 200
    manager: Literal["object", "text"] = "object"
    active: Literal["boolean", "text"] = "boolean"
    tells_abilities: bool = True
    """Whether there is a ServiceProviderConfig."""
    hides: frozenset[str] = frozenset()
    """Ids that are counted and never shown: our account may not see them."""


class ScimSimulator:
    """One directory."""

    def __init__(
        self,
        clock: Clock,
        *,
        token: str = "",
        user: str = "",
        password: str = "",
        client_id: str = "",
        client_secret: str = "",
        faults: FaultPlan | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.clock = clock
        self.settings = settings or Settings()
        self.faults = faults or FaultPlan(clock)
        self.requests = RequestLog(clock)
        self.on_request: Callable[[], None] | None = None
        self.users = Collection("Users", keys=["userName"])
        self.groups = Collection("Groups", keys=["displayName"])
        self.tokens_given = 0
        self._token = token
        self._basic = b64encode(f"{user}:{password}".encode()).decode()
        self._client = (client_id, client_secret)
        self._minted: set[str] = set()
        routes = [
            Route("/scim/v2/ServiceProviderConfig", self._config),
            Route("/scim/v2/ResourceTypes", self._kinds),
            Route("/scim/v2/Users", self._list_users),
            Route("/scim/v2/Groups", self._list_groups),
            Route("/scim/v2/Users/{id:path}", self._one_user),
            Route("/scim/v2/Groups/{id:path}", self._one_group),
        ]
        self._routed = Starlette(routes=routes)
        self.app: ASGIApp = FaultyApp(self._serve, self.faults)

    # What people do in it.

    def put_user(self, id: str, login: str, **changes: Any) -> Document:
        """Make or change an account; `employee_number`, `manager`, `department` and `cost_center` are of the enterprise extension.

        A login belongs to one account, as the protocol asks of `userName`.
        """
        if any(one["id"] != id for one in self.users.find("userName", login)):
            raise ValueError(f"uniqueness: {login} is somebody else's")
        extension = {
            name: changes.pop(key)
            for key, name in (
                ("employee_number", "employeeNumber"),
                ("department", "department"),
                ("cost_center", "costCenter"),
                ("manager", "manager"),
            )
            if changes.get(key) is not None
        }
        held = self.users.get(id) or {"schemas": [USER, ENTERPRISE], "active": True}
        document = {
            **held,
            "id": id,
            "userName": login,
            **changes,
            ENTERPRISE: {**held.get(ENTERPRISE, {}), **extension},
        }
        return self.users.put(self._stamped(document, "User"))

    def put_group(self, id: str, name: str, members: Sequence[tuple[str, str]] = ()) -> Document:
        """Make or change a group; members are pairs of kind (User or Group) and id."""
        shown = [
            {"value": member, "type": kind, "$ref": f"https://directory.test/scim/v2/{kind}s/{member}"}
            for kind, member in members
        ]
        document = {"schemas": [GROUP], "id": id, "displayName": name, "members": shown}
        return self.groups.put(self._stamped(document, "Group"))

    def remove(self, id: str) -> None:
        """Delete an account or a group: it simply vanishes, from the groups that it was in, too."""
        (self.users if id in self.users else self.groups).remove(id)
        for group in list(self.groups):
            left = [one for one in group["members"] if one["value"] != id]
            if len(left) < len(group["members"]):
                self.groups.put(self._stamped({**group, "members": left}, "Group"))

    def dump(self) -> Document:
        """Return everything it holds, as JSON values."""
        return {"users": self.users.dump(), "groups": self.groups.dump(), "faults": self.faults.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `dump()` returned."""
        self.users.load(state["users"])
        self.groups.load(state["groups"])
        self.faults.load(state["faults"])

    def end_tokens(self) -> None:
        """Let all tokens that were given out end."""
        self._minted.clear()

    def _stamped(self, document: Document, kind: str) -> Document:
        now = text(self.clock.now())
        before = document.get("meta") or {"resourceType": kind, "created": now}
        return {**document, "meta": {**before, "lastModified": now}}

    # What the protocol answers.

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._routed(scope, receive, send)
            return
        if self.on_request is not None:
            self.on_request()
        request = Request(scope, receive)
        self.requests.note(scope)
        if request.url.path == "/oauth/token":
            response = await self._mint(request)
            await response(scope, receive, send)
        elif not self._is_welcome(request):
            await _refusal(
                401, None, "Authorization failure. The authorization header is invalid or missing."
            )(scope, receive, send)
        else:
            await self._routed(scope, receive, send)

    def _is_welcome(self, request: Request) -> bool:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            return hmac.compare_digest(value, self._basic)
        return kind == "Bearer" and (
            value in self._minted or (bool(self._token) and hmac.compare_digest(value, self._token))
        )

    async def _mint(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        told = form.get("client_id", ""), form.get("client_secret", "")
        if told != self._client or form.get("grant_type") != "client_credentials":
            return Response('{"error":"invalid_client"}', 401, media_type="application/json")
        self.tokens_given += 1
        token = f"minted-{self.tokens_given}"
        self._minted.add(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        return Response(json.dumps(answer), media_type="application/json")

    async def _config(self, request: Request) -> Response:
        if not self.settings.tells_abilities:
            return _refusal(404, None, "Resource ServiceProviderConfig not found.")
        has_filter = self.settings.filters != "none"
        return _answer(
            {
                "schemas": [CONFIG],
                "patch": {"supported": False},
                "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
                "filter": {"supported": has_filter, "maxResults": self.settings.rows_max},
                "changePassword": {"supported": False},
                "sort": {"supported": False},
                "etag": {"supported": False},
                "authenticationSchemes": [
                    {"type": "oauthbearertoken", "name": "Bearer", "description": "OAuth bearer token"}
                ],
            }
        )

    async def _kinds(self, request: Request) -> Response:
        kinds = [
            {"id": name, "name": name, "endpoint": f"/{name}s", "schema": schema}
            for name, schema in (("User", USER), ("Group", GROUP))
        ]
        return _answer({"schemas": [LIST], "totalResults": len(kinds), "Resources": kinds})

    async def _list_users(self, request: Request) -> Response:
        return self._listed(request, self.users, self._shown_users)

    async def _list_groups(self, request: Request) -> Response:
        return self._listed(request, self.groups, list)

    async def _one_user(self, request: Request) -> Response:
        return self._single(request, self.users, self._shown_users)

    async def _one_group(self, request: Request) -> Response:
        return self._single(request, self.groups, list)

    def _listed(
        self, request: Request, held: Collection, shown: Callable[[list[Document]], list[Document]]
    ) -> Response:
        query = request.query_params
        try:
            start = max(1, int(query.get("startIndex", 1)))
            count = max(0, int(query.get("count", COUNT_DEFAULT)))
        except ValueError:
            return _refusal(400, "invalidValue", "startIndex and count are whole numbers.")
        try:
            found = [one for one in held if self._fits(query.get("filter"), one)]
        except FilterError as error:
            return _refusal(400, "invalidFilter", f"The filter can't be used: {error}.")
        visible = [one for one in found if one["id"] not in self.settings.hides]
        rows = visible[start - 1 : start - 1 + min(count, self.settings.rows_max)]
        return _answer(
            {
                "schemas": [LIST],
                "totalResults": len(found),
                "startIndex": start,
                "itemsPerPage": len(rows),
                "Resources": shown(rows),
            }
        )

    def _fits(self, filter_: str | None, document: Document) -> bool:
        kind = self.settings.filters
        if filter_ is None or kind == "ignored":
            return True
        if kind == "none":
            raise FilterError("filters are not supported")
        return parsed(filter_, only_equal=kind == "equal")(document)

    def _single(
        self, request: Request, held: Collection, shown: Callable[[list[Document]], list[Document]]
    ) -> Response:
        found = held.get(request.path_params["id"])
        if found is None or found["id"] in self.settings.hides:
            return _refusal(404, None, f"Resource {request.path_params['id']} not found.")
        return _answer(shown([found])[0])

    def _shown_users(self, users: list[Document]) -> list[Document]:
        belongs: dict[str, list[Document]] = {}
        for group in self.groups:
            shown = {"value": group["id"], "display": group["displayName"], "type": "direct"}
            for member in group["members"]:
                belongs.setdefault(member["value"], []).append(shown)
        return [self._shown_user(one, belongs.get(one["id"], [])) for one in users]

    def _shown_user(self, user: Document, groups: list[Document]) -> Document:
        extension = dict(user[ENTERPRISE])
        if "manager" in extension and self.settings.manager == "object":
            link = f"https://directory.test/scim/v2/Users/{extension['manager']}"
            extension["manager"] = {"value": extension["manager"], "$ref": link}
        active = str(user["active"]) if self.settings.active == "text" else user["active"]
        return {**user, "active": active, ENTERPRISE: extension, **({"groups": groups} if groups else {})}


def _answer(body: Document) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), media_type=MEDIA_TYPE)


def _refusal(status: int, kind: str | None, detail: str) -> Response:
    body = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if kind is not None:
        body["scimType"] = kind
    return Response(json.dumps(body), status, media_type=MEDIA_TYPE)
