"""Workday as an ASGI app: one tenant whose doors all read from the same list of events.

Reports and SOAP are the doors that the adapter uses; what a reader may not see is left out without a word, as in the real one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.simulation import FaultPlan, FaultyApp, RequestLog
from adapters.workday import simulator_reports as reports
from adapters.workday import simulator_soap as soap
from adapters.workday.simulator_door import Account, Door, RefusedAtDoorError
from adapters.workday.simulator_settings import Settings
from adapters.workday.simulator_view import ORGANISATION_DOMAIN, WORKER_DOMAIN, Reader, View
from adapters.workday.simulator_world import (
    COST_CENTRE,
    HIERARCHY,
    SUPERVISORY,
    WORKER,
    Event,
    Fields,
    World,
)
from store.clock import Clock

Handler = Callable[[Request], Awaitable[Response]]
EPOCH: Final = date(2000, 1, 1)
TEXT_XML: Final = "text/xml"


class WorkdaySimulator:
    """One tenant: hands for a test or a demo above, what its doors answer below."""

    def __init__(
        self,
        clock: Clock,
        *,
        tenant: str,
        account: Account,
        faults: FaultPlan | None = None,
        settings: Settings | None = None,
        owner: str = "ISU_FINSYNC",
    ) -> None:
        self.clock = clock
        self.tenant = tenant
        self.owner = owner
        self.settings = settings or Settings()
        self.faults = faults or FaultPlan(clock)
        self.requests = RequestLog(clock)
        self.world = World(clock, self.settings.time_zone)
        self.door = Door(clock, tenant, account, self.settings)
        self.reader = Reader()
        self.busy_count = self.settings.busy_count
        self.extra_columns: dict[str, dict[str, Any]] = {}
        """By report: columns that the administrator added, with the value that every row has in them."""
        self._names: dict[str, dict[str, str]] = {}
        self._hook: Callable[[], None] | None = None
        routes = [
            Route(f"/ccx/oauth2/{tenant}/token", self._token, methods=["POST"]),
            Route(f"/ccx/service/customreport2/{tenant}/{{owner}}/{{report}}", self._report),
            Route(
                f"/ccx/service/{tenant}/Human_Resources/{{version}}", self._human_resources, methods=["POST"]
            ),
        ]
        self._routed = Starlette(routes=routes)
        self.app: ASGIApp = FaultyApp(self._serve, self.faults)

    # What people do in Workday.

    def add_organisation(
        self, number: str, kind: str = SUPERVISORY, *, effective: date = EPOCH, **fields: Any
    ) -> str:
        """Make an organisation; return its id. Others are named by their ids."""
        return self.world.add(kind, "CREATE", effective, {"number": number, "name": number, **fields})

    def add_cost_centre(self, number: str, *included_in: str, effective: date = EPOCH, **fields: Any) -> str:
        """Make a cost centre that is included in these hierarchy nodes; return its id."""
        return self.add_organisation(
            number, COST_CENTRE, effective=effective, included_in=included_in, **fields
        )

    def add_node(self, number: str, superior: str | None = None) -> str:
        """Make a node of a cost centre hierarchy; return its id."""
        return self.add_organisation(number, HIERARCHY, superior=superior)

    def hire(
        self,
        worker_id: str,
        name: str,
        *,
        effective: date | None = None,
        worker_type: str = "EMPLOYEE",
        **fields: Any,
    ) -> str:
        """Hire a worker; return the id of the record. A rehire of the same worker id makes a second one."""
        first, _, last = name.partition(" ")
        payload = {
            "worker_id": worker_id,
            "worker_type": worker_type,
            "first_name": first,
            "last_name": last or first,
            "user_name": f"u{worker_id}",
            "email": f"{first}.{last or worker_id}@example.com".lower(),
            "position_id": f"P-{worker_id}",
            "birth_date": "1984-05-17",
            **fields,
        }
        return self.world.add(WORKER, "HIRE", effective or self.world.today(), payload)

    def change(
        self, wid: str, kind: str = "TRANSFER", *, effective: date | None = None, **fields: Any
    ) -> str:
        """Enter a change of a worker or an organisation now; return the id of the event."""
        return self.world.enter(wid, kind, effective or self.world.today(), fields)

    def terminate(self, wid: str, last_day: date) -> str:
        return self.world.enter(wid, "TERMINATE", last_day)

    def inactivate(self, wid: str, effective: date | None = None) -> str:
        return self.world.enter(wid, "INACTIVATE", effective or self.world.today())

    def rescind(self, event: str) -> None:
        self.world.rescind(event)

    def correct(self, event: str, effective: date) -> str:
        return self.world.correct(event, effective)

    def rename_column(self, report: str, column: str, name: str) -> None:
        """Give a column of a report another alias, as an administrator may at any time."""
        self._names.setdefault(report, {})[column] = name

    def constrain(self, organisation: str | None) -> None:
        """Let the integration user see one organisation and what is below it only; nothing says so."""
        self.reader = Reader(self.reader.domains, organisation)

    def allow(self, domains: Iterable[str]) -> None:
        """Give the integration user's group these security domains and no others."""
        self.reader = Reader(frozenset(domains), self.reader.only_below)

    def view(self, valid_on: date | None = None, known_at: datetime | None = None) -> View:
        """Return the tenant as all of it stands."""
        return View(self.world, valid_on or self.world.today(), known_at or self.clock.now())

    def end_tokens(self) -> None:
        self.door.end_tokens()

    def before_each_request(self, hook: Callable[[], None] | None) -> None:
        self._hook = hook

    # What its doors answer.

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._hook is not None:
            self._hook()
        self.requests.note(scope)
        await self._routed(scope, receive, send)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            return JSONResponse(self.door.issue(form, request.headers.get("authorization", "")))
        except RefusedAtDoorError as error:
            return JSONResponse({"error": error.code}, error.status)

    async def _report(self, request: Request) -> Response:
        report = request.path_params["report"]
        if report not in reports.COLUMNS or request.path_params["owner"] != self.owner:
            return JSONResponse({"error": "not found"}, 404)
        names = self._names.get(report, {})
        if not self.door.is_open_to(request.headers.get("authorization", "")):
            return JSONResponse({"error": "invalid credentials"}, 401)
        if "xsd" in request.query_params:
            return Response(reports.schema(report, names), media_type=TEXT_XML)
        if reports.DOMAINS[report] not in self.reader.domains:
            return JSONResponse({"error": "permission denied"}, 403)
        prompts = {name: value for name, value in request.query_params.items() if name != "format"}
        if not prompts.keys() <= reports.PROMPTS[report]:
            return JSONResponse({"error": "unknown prompt"}, self.settings.wrong_prompt_status)
        found = [
            reports.renamed(row, names) | self.extra_columns.get(report, {})
            for row in self._rows(report, prompts)
        ]
        form = request.query_params.get("format", "simplexml")
        if form == "json":
            return JSONResponse(reports.as_json(found))
        if form == "csv":
            return Response(reports.as_csv(report, names, found), media_type="text/csv")
        return Response(reports.as_xml(report, found), media_type=TEXT_XML)

    def _rows(self, report: str, prompts: Mapping[str, str]) -> list[dict[str, Any]]:
        day = prompts.get("Effective_From")
        since = prompts.get("Last_Functionally_Updated")
        view = View(
            self.world,
            date.fromisoformat(day) if day else self.world.today(),
            self.clock.now(),
            self.reader,
        )
        return reports.rows(
            report,
            view,
            since=datetime.fromisoformat(since).astimezone(UTC) if since else None,
            with_inactive=prompts.get("Include_Inactive") == "1",
            form=self.settings.boolean_form,
        )

    async def _human_resources(self, request: Request) -> Response:
        body = await request.body()
        try:
            self._let_in(body, request.headers.get("authorization", ""))
            answer = soap.answer(body, request.path_params["version"], self.world, self.reader, self.settings)
        except soap.FaultError as error:
            return Response(soap.fault(error), 500, media_type=TEXT_XML)
        return Response(soap.envelope(answer), media_type=TEXT_XML)

    def _let_in(self, body: bytes, authorization: str) -> None:
        user = soap.user_of(body)
        is_known = self.door.knows(*user) if user else self.door.is_open_to(authorization)
        if not is_known or (user is None and not authorization.lower().startswith("bearer")):
            raise soap.FaultError("SOAP-ENV:Client.authenticationError", "invalid username or password")
        if self.busy_count:
            self.busy_count -= 1
            raise soap.FaultError("SOAP-ENV:Server", "the service is busy")


__all__ = [
    "COST_CENTRE",
    "HIERARCHY",
    "ORGANISATION_DOMAIN",
    "SUPERVISORY",
    "WORKER",
    "WORKER_DOMAIN",
    "Account",
    "Event",
    "Fields",
    "Settings",
    "WorkdaySimulator",
]
