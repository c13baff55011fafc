"""A simulated Concur company with two people, and a caller whose every exchange is judged by the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import httpx

from adapters.concur.simulator import ConcurSimulator
from adapters.concur.simulator_plan import EntryPlan, ReportPlan, Split, TaxPlan
from adapters.concur.simulator_settings import SCOPES, Settings
from adapters.simulation import Fault, FaultPlan
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport

START: Final = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
CHECKER: Final = ContractChecker(OPENAPI_FOLDER / "concur.openapi.yaml")
CLIENT_ID: Final = "7f1d2a9e-0000-4000-8000-5d2f6f0a6c1a"
SECRET: Final = "s3cret"
COMPANY: Final = "6b0a2a5e-40f8-4c1c-9a35-7d8f3b1f7a10"
REQUEST_TOKEN: Final = "at-1234"
ANA: Final = "ana.ferrer@example.com"
BEN: Final = "ben.okoro@example.com"
FIS: Final = "/financialintegration/fi/v4/companies/transactiontypes/expense/transactions"


def d(text: str) -> Decimal:
    return Decimal(text)


def an_entry(amount: str = "119.00", **changes: Any) -> EntryPlan:
    """Return a hotel bill with German tax that can be reclaimed."""
    return EntryPlan(**({"expense_type": "LODNG", "amount": d(amount), "account": "474210"} | changes))


def a_tax(amount: str = "19.00", reclaim: str = "19.00", **changes: Any) -> TaxPlan:
    return TaxPlan(amount=d(amount), reclaim=d(reclaim), **changes)


def a_split(percentage: str, cost_centre: str) -> Split:
    return Split(percentage=d(percentage), codes={"custom1": "4500", "custom2": cost_centre})


def a_report(*entries: EntryPlan, **changes: Any) -> ReportPlan:
    given = {"employee": ANA, "name": "Oslo customer visit", "entries": entries or (an_entry(),)}
    return ReportPlan(**(given | changes))


class Company:
    """A simulated Concur, and a caller with a token for all of it."""

    def __init__(self, settings: Settings | None = None, *faults: Fault) -> None:
        self.clock = VirtualClock(START)
        self.concur = ConcurSimulator(
            self.clock,
            client_id=CLIENT_ID,
            client_secret=SECRET,
            company_uuid=COMPANY,
            request_token=REQUEST_TOKEN,
            faults=FaultPlan(self.clock, faults),
            settings=settings,
        )
        self.ben = self.concur.add_user(
            BEN,
            employee_number="100017",
            given_name="Ben",
            family_name="Okoro",
            roles=["EXP_APPROVER"],
            approval_limit=d("5000"),
            password="let me in",
        )
        self.ana = self.concur.add_user(
            ANA,
            employee_number="100245",
            given_name="Ana",
            family_name="Ferrer",
            approver=BEN,
            manager=BEN,
            codes={"orgUnit1": "4500", "orgUnit2": "CC-210"},
        )
        self.token = self.new_token()
        self.headers = {"Accept": "application/json", "Authorization": f"Bearer {self.token['access_token']}"}

    def ask_token(
        self, *, is_judged: bool = True, base: str = "http://concur", **form: str
    ) -> httpx.Response:
        given = {"client_id": CLIENT_ID, "client_secret": SECRET}
        return self.call(
            "POST", "/oauth2/v0/token", data=given | form, headers={}, is_judged=is_judged, base=base
        )

    def new_token(self, scopes: str = " ".join(sorted(SCOPES)), **form: str) -> dict[str, Any]:
        """Return the answer to the company's first grant, or to another one."""
        company = {"username": COMPANY, "password": REQUEST_TOKEN, "credtype": "authtoken"}
        grant = {"grant_type": "password", "scope": scopes} | company
        answer = self.ask_token(**(form if "grant_type" in form else grant | form))
        assert answer.status_code == 200, answer.text
        token: dict[str, Any] = answer.json()
        return token

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        is_judged: bool = True,
        base: str = "http://concur",
        **request: Any,
    ) -> httpx.Response:
        return asyncio.run(self._call(method, path, headers, is_judged, base, request))

    async def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        is_judged: bool,
        base: str,
        request: dict[str, Any],
    ) -> httpx.Response:
        inner = httpx.ASGITransport(self.concur.app)
        transport = checking_transport(inner, CHECKER) if is_judged else inner
        sent = dict(self.headers if headers is None else headers) | request.pop("more_headers", {})
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, headers=sent, **request)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, method: str, path: str, body: Any, status: int = 200) -> Any:
        answer = self.call(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    # The financial service, by hand

    def ready(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(FIS)["content"]
        return found

    def acknowledge(self, *ids: str, system: str | None = "FUSION", path: str = FIS) -> list[int]:
        answer = self.send("POST", f"{path}/acknowledgements", {"systemId": system, "ids": list(ids)})
        return [one["code"] for one in answer]

    def post(
        self, document_id: str, status: str = "success", number: str = "300100045", **changes: Any
    ) -> Any:
        """Confirm a posting; return the one result."""
        documents = [
            {"companyId": "US1", "documentNumber": number, "fiscalYear": "2026", "postingDate": "2026-03-05"}
        ]
        one = {
            "docId": document_id,
            "overallPostingStatusCode": status,
            "postingDocs": documents if status == "success" else [],
            "systemMessages": [],
        }
        body = {"systemId": changes.pop("system", "FUSION"), "postingConfirmations": [one | changes]}
        path = changes.pop("path", FIS)
        return self.send("POST", f"{path}/postingconfirmations", body)[0]

    def pay(self, document_id: str, reference: str = "US1/88412", status: str = "CP", **changes: Any) -> Any:
        """Confirm a payment; return the one result."""
        detail = {
            "clearingDate": "2026-03-09T00:00:00.000Z",
            "clearingAmount": 119,
            "clearingCurrency": "EUR",
            "receiver": {"receiverId": "100245", "receiverName": "Ana Ferrer", "receiverType": "EMPLOYEE"},
            "clearingReference": {
                "companyCode": "US1",
                "financialDocumentId": "300100045",
                "fiscalYear": "2026",
                "paymentRef": reference,
                "paymentMethod": "E",
            },
        }
        one = {
            "docId": document_id,
            "processingStatusCode": status,
            "clearingDetails": [detail | changes.pop("detail", {})],
        }
        body = {"systemId": changes.pop("system", "FUSION"), "processingConfirmation": [one]}
        return self.send("POST", f"{FIS}/paymentconfirmations", body)[0]

    def a_document(self, *entries: EntryPlan, **changes: Any) -> dict[str, Any]:
        """Approve a report and return its document as the queue serves it."""
        report_id = self.concur.approve_report(a_report(*entries, **changes))
        (document,) = self.get(FIS, docId=report_id)["content"]
        found: dict[str, Any] = document
        return found
