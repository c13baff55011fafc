"""Event subscriptions: where Concur sends its events. They belong to the application, not to the company."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from adapters.base import Receipt, WriteRequest
from adapters.concur import wire
from adapters.concur.reading import decoded
from adapters.concur.session import Session
from adapters.errors import Refusal, RejectedError, SettingsError
from adapters.paging import split_rows

SUBSCRIPTIONS: Final = "/events/v4/subscriptions"
PUT: Final = "subscription.put"
DELETE: Final = "subscription.delete"
OPERATIONS: Final = (PUT, DELETE)
_ID: Final = re.compile(r"[a-z0-9.-]{1,100}")


class _Hook(wire.Camel):
    endpoint: str | None = None


class _Subscription(wire.Camel):
    id: str | None = None
    topic: str | None = None
    filter: str | None = None
    web_hook_config: _Hook | None = msgspec.field(default=None, name="webHookConfig")


class SubscriptionDesk:
    """The subscriptions of our application: at most five, one for each topic and place."""

    operations = OPERATIONS

    def __init__(self, session: Session) -> None:
        self._session = session

    async def write(self, request: WriteRequest) -> Receipt:
        found = await self.find(request)
        if found is not None:
            return found
        own_id = self._own_id(request)
        if request.operation == PUT:
            await self._session.request(
                "PUT",
                f"{SUBSCRIPTIONS}/webhook",
                json=self._wanted(request),
                is_write=True,
                expects=(200,),
                as_application=True,
            )
        else:
            await self._session.request(
                "DELETE", f"{SUBSCRIPTIONS}/{own_id}", is_write=True, expects=(200, 204), as_application=True
            )
        return Receipt(own_id, number=own_id)

    async def find(self, request: WriteRequest) -> Receipt | None:
        own_id = self._own_id(request)
        held = next((one for one in await self.held() if one["id"] == own_id), None)
        if request.operation == DELETE:
            return None if held else Receipt(own_id, number=own_id, was_found=True)
        return Receipt(own_id, number=own_id, was_found=True) if held == self._wanted(request) else None

    async def held(self) -> list[dict[str, Any]]:
        """Return the subscriptions there are."""
        answer = await self._session.request(
            "GET", SUBSCRIPTIONS, is_write=False, expects=(200,), as_application=True
        )
        found = (
            decoded(self._session.system, row, _Subscription, "a subscription") for row in split_rows(answer)
        )
        return [
            _body(one.id or "", one.topic or "", one.filter or "", _endpoint(one.web_hook_config))
            for one in found
        ]

    def _wanted(self, request: WriteRequest) -> dict[str, Any]:
        topic, endpoint = str(request.body.get("topic") or ""), str(request.body.get("endpoint") or "")
        if not topic or urlsplit(endpoint).scheme != "https":
            told = "subscription.put needs a topic and an endpoint that begins with https"
            raise RejectedError(self._session.system, Refusal("PAYLOAD_INVALID", told))
        return _body(self._own_id(request), topic, str(request.body.get("filter") or ".*"), endpoint)

    def _own_id(self, request: WriteRequest) -> str:
        if not request.external_id or not _ID.fullmatch(request.external_id):
            raise SettingsError(
                self._session.system,
                f"{request.external_id!r} is no name of a subscription: lower case letters, digits, . and -",
            )
        return request.external_id


def _body(own_id: str, topic: str, pattern: str, endpoint: str) -> dict[str, Any]:
    return {"id": own_id, "topic": topic, "filter": pattern, "webHookConfig": {"endpoint": endpoint}}


def _endpoint(hook: _Hook | None) -> str:
    return (hook.endpoint if hook else None) or ""
