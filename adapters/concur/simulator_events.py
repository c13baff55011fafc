"""Event Subscription v4 and Exchange Rate v4.

Nothing is sent: `Subscriptions.delivered` says what a subscription would have got.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapters.concur.simulator_http import APPLICATION, Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_world import World
from adapters.simulation import Document

TOPICS: Final = {
    "public.concur.expense.report": "expense.report.read",
    "public.concur.financialintegration": "FISVC",
    "public.concur.user.profile.identity": "identity.user.event.read",
    "public.concur.user.profile.spend": "spend.user.event.read",
    "public.concur.user.provisioning": "user.provision.read",
}
"""Topic to the scope that it needs besides `events.topic.read`."""
SUBSCRIPTIONS_MAX: Final = 5
RATES_MAX: Final = 100


class Subscriptions:
    """Who wants to hear of what."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        def one(method: str, path: str, handle: Callable[[Ask], Answer]) -> Endpoint:
            scopes = ("events.topic.read",)
            return Endpoint(method, f"/events/v4/{path}", "event", handle, scopes, APPLICATION)

        return [
            one("GET", "topics", self._topics),
            one("PUT", "subscriptions/webhook", self._save),
            one("GET", "subscriptions", self._list),
            one("GET", "subscriptions/{id}", self._one),
            one("DELETE", "subscriptions/{id}", self._delete),
        ]

    def delivered(self, subscription_id: str) -> list[Document]:
        """Return the events that a subscription would have got since it was saved."""
        found = self._world.state.subscriptions[subscription_id]
        return [
            one
            for one in self._world.state.events[found["since"] :]
            if one["topic"] == found["topic"] and re.fullmatch(found["filter"], one["eventType"])
        ]

    def _topics(self, ask: Ask) -> Answer:
        return Answer(200, [topic for topic, scope in TOPICS.items() if scope in ask.caller.scopes])

    def _save(self, ask: Ask) -> Answer:
        body = ask.fields()
        name, topic, pattern = body.get("id"), body.get("topic"), body.get("filter")
        endpoint = (body.get("webHookConfig") or {}).get("endpoint")
        if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9.-]+", name):
            raise RefusedError(400, "id must be of lower case letters, digits, dots and hyphens")
        if topic not in TOPICS:
            raise RefusedError(400, f"There is no topic {topic}")
        if TOPICS[topic] not in ask.caller.scopes:
            raise RefusedError(403, f"The topic {topic} needs the scope {TOPICS[topic]}")
        if not _is_pattern(pattern):
            raise RefusedError(400, "filter must be a regular expression")
        if not isinstance(endpoint, str) or not endpoint.startswith("https://"):
            raise RefusedError(400, "webHookConfig.endpoint must be an https address")
        known = self._world.state.subscriptions
        if name not in known and len(known) >= SUBSCRIPTIONS_MAX:
            raise RefusedError(400, f"There are {SUBSCRIPTIONS_MAX} subscriptions already")
        known[name] = {
            "id": name,
            "topic": topic,
            "filter": pattern,
            "webHookConfig": {"endpoint": endpoint},
            "since": len(self._world.state.events),
        }
        return Answer(200, {"message": f"Subscription '{name}' saved successfully"})

    def _list(self, ask: Ask) -> Answer:
        return Answer(200, [self._view(one) for one in self._world.state.subscriptions.values()])

    def _one(self, ask: Ask) -> Answer:
        found = self._world.state.subscriptions.get(ask.params["id"])
        return Answer(200, [self._view(found)] if found else [])

    def _delete(self, ask: Ask) -> Answer:
        name = ask.params["id"]
        if self._world.state.subscriptions.pop(name, None) is None:
            raise RefusedError(404, f"There is no subscription '{name}'")
        return Answer(200, {"message": f"Subscription '{name}' marked for deletion"})

    def _view(self, one: Document) -> Document:
        view = {name: value for name, value in one.items() if name != "since"}
        return view | {
            "applicationId": self._world.client_id,
            "companyIds": [self._world.company_uuid],
            "groups": [],
            "scope": TOPICS[one["topic"]],
        }


class ExchangeRates:
    """Rates that an ERP pushes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        path = "/exchangerate/v4/rates"
        return [Endpoint("POST", path, "rate", self._push, ("expense.exchangerate.writeonly",))]

    def _push(self, ask: Ask) -> Answer:
        sets = ask.fields().get("currency_sets")
        if not isinstance(sets, list) or not all(isinstance(one, dict) for one in sets):
            raise RefusedError(400, "currency_sets must be an array")
        if len(sets) > RATES_MAX:
            raise RefusedError(413, f"There are more than {RATES_MAX} rates")
        results = []
        for one in sets:
            problem = _rate_problem(one)
            if problem is None:
                self._keep(one)
            status = {"statusCode": 400 if problem else 200, "statusMessage": problem or "Success"}
            results.append(one | status)
        failed = sum(one["statusCode"] != 200 for one in results)
        word = "SUCCESS" if not failed else "FAILURE" if failed == len(results) else "PARTIAL_SUCCESS"
        message = f"{len(results) - failed} of {len(results)} rates stored"
        return Answer(200, {"overallStatus": word, "message": message, "currencySets": results})

    def _keep(self, one: Document) -> None:
        names = ("from_crn_code", "to_crn_code", "start_date")
        key = [one[name] for name in names]
        rates = self._world.state.rates
        self._world.state.rates = [kept for kept in rates if [kept[name] for name in names] != key]
        self._world.state.rates.append({**dict(zip(names, key, strict=True)), "rate": str(one["rate"])})


def _rate_problem(one: Document) -> str | None:
    for name in ("from_crn_code", "to_crn_code"):
        if not re.fullmatch(r"[A-Z]{3}", str(one.get(name))):
            return f"{name} must be a currency code"
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(one.get("start_date"))):
        return "start_date must be YYYY-MM-DD"
    try:
        is_positive = Decimal(str(one.get("rate"))) > 0
    except InvalidOperation:
        is_positive = False
    return None if is_positive else "rate must be a positive number"


def _is_pattern(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return False
    return True
