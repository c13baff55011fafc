"""A Concur company with two people, as the promises and the adapter's own tests want it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import httpx

from adapters import concur
from adapters.base import Adapter, Connection, WriteRequest
from adapters.concur.simulator import ConcurSimulator
from adapters.concur.simulator_plan import EntryPlan, ReportPlan
from adapters.concur.simulator_settings import Settings
from adapters.simulation import FaultPlan
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport
from tests.adapters.held_secrets import HeldSecrets

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
COMPANY = "6b0a2a5e-40f8-4c1c-9a35-7d8f3b1f7a10"
CLIENT_ID = "7f1d2a9e-0000-4000-8000-5d2f6f0a6c1a"
BASE = "http://127.0.0.1:8803"
ANA = "ana.ferrer@example.com"
BEN = "ben.okoro@example.com"
SYSTEM_ID = "FUSION-TEST"


@cache
def checker() -> ContractChecker:
    """Return the judge of all exchanges; reading its document takes a second, so once is enough."""
    return ContractChecker(OPENAPI_FOLDER / "concur.openapi.yaml")


@dataclass
class ConcurWorld:
    """One company, one connected adapter. Reports are the documents that the hands below make and change."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    has_right_secret: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    answer_bytes_max: int = 2_000_000
    base_url: str = BASE

    entity = "expense_report"
    read_path = r"^/api/v3\.0/expense/reports\?"
    write_path = r"/transactions/postingconfirmations$"

    def __post_init__(self) -> None:
        self.secrets = {
            "client_id": CLIENT_ID,
            "client_secret": "c0ncur-s3cr3t-value",
            "company_uuid": COMPANY,
            "request_token": "at-request-token-1",
        }
        self.held = HeldSecrets("concur", self.secrets)
        self.faults = FaultPlan(self.clock)
        self.simulator = ConcurSimulator(
            self.clock,
            client_id=CLIENT_ID,
            client_secret=self.secrets["client_secret"] if self.has_right_secret else "another-one",
            company_uuid=COMPANY,
            request_token=self.secrets["request_token"],
            faults=self.faults,
            # People connect on the day they made the request token; the promises let days pass before.
            settings=Settings(**{"request_token_life_s": None, **self.settings}),
        )
        self.ben = self.simulator.add_user(
            BEN, employee_number="100017", given_name="Ben", family_name="Okoro", roles=["EXP_APPROVER"]
        )
        self.ana = self.simulator.add_user(
            ANA, employee_number="100245", given_name="Ana", family_name="Ferrer", approver=BEN, manager=BEN
        )
        self.adapter: Adapter = self.connected()
        self._number = 0

    def connected(self, **options: Any) -> Adapter:
        """Connect another process of ours to the same company, with the same secrets."""
        connection = Connection(
            adapter="concur",
            base_url=self.base_url,
            requests_per_second=1e6,
            answer_bytes_max=self.answer_bytes_max,
            # Reports in open states come again once a day; that has a test of its own.
            options={
                "system_id": SYSTEM_ID,
                "open_reports_every_hours": 24 * 365,
                **self.options,
                **options,
            },
        )
        transport = checking_transport(httpx.ASGITransport(app=self.simulator.app), checker(), "concur")
        return concur.connect("concur", connection, self.held, self.clock, transport=transport)

    def plan(self, **changes: Any) -> ReportPlan:
        """Return a report with one taxi ride in it."""
        self._number += 1
        ride = EntryPlan(amount=Decimal("35.00"))
        return ReportPlan(**{"employee": ANA, "name": f"Visit {self._number}", "entries": (ride,), **changes})

    def add(self, count: int) -> list[str]:
        made = []
        for _ in range(count):
            self.clock.advance(
                timedelta(seconds=1)
            )  # two reports of one moment would be told apart by nothing
            made.append(self.simulator.submit_report(self.plan()))
        return made

    def touch(self, external_id: str) -> None:
        self.clock.advance(timedelta(seconds=1))
        self.simulator.send_back_report(external_id)

    def before_each_request(self, hook: Callable[[], None] | None) -> None:
        self.simulator.before_each_request((lambda _: hook()) if hook else None)

    def a_document(self, plan: ReportPlan | None = None) -> str:
        """Approve a report; return its document as the adapter names it."""
        report_id = self.simulator.approve_report(plan or self.plan())
        return self.name_of(report_id)

    def name_of(self, report_id: str) -> str:
        """Return the newest document of a report as the adapter names it."""
        shown = [one for one in self.simulator.documents() if one["report_id"] == report_id]
        return f"{shown[-1]['id']}.{shown[-1]['doc_type']}.{report_id}"

    def status_of(self, external_id: str) -> str:
        return str(self.simulator.document(external_id.partition(".")[0])["status"])

    def acknowledge(self, external_id: str) -> WriteRequest:
        return self.request("expense.acknowledge", external_id, {"document_kind": "report"})

    def confirm(self, external_id: str, outcome: str = "success", **changes: Any) -> WriteRequest:
        postings = [
            {"company": "DE01", "number": "300100045", "fiscal_year": "2026", "posted_on": "2026-03-03"}
        ]
        messages = [{"code": "ACCOUNT", "text": "No account is mapped for taxis.", "entry_id": ""}]
        body = {
            "document_kind": "report",
            "outcome": outcome,
            "postings": postings if outcome == "success" else [],
            "messages": messages if outcome == "error" else [],
        }
        return self.request("expense.confirm_posting", external_id, {**body, **changes})

    def pay(
        self, external_id: str, status: str = "paid", reference: str = "DE01/300100045/88412"
    ) -> WriteRequest:
        payment = {
            "reference": reference,
            "paid_on": "2026-03-09",
            "amount": "35.00",
            "currency": "EUR",
            "method": "electronic",
            "company": "DE01",
            "number": "300100045",
            "fiscal_year": "2026",
            "payee_id": "100245",
            "payee_name": "Ana Ferrer",
        }
        return self.request("expense.confirm_payment", external_id, {"status": status, "payments": [payment]})

    def request(self, operation: str, external_id: str | None, body: Mapping[str, Any]) -> WriteRequest:
        return WriteRequest(operation, f"concur/{operation}/{external_id}", external_id, body)

    def a_write(self) -> WriteRequest:
        """Return the confirmation of a posting whose document is acknowledged."""
        external_id = self.a_document()
        own = self.simulator.world.state.documents[external_id.partition(".")[0]]
        own.status, own.system, own.is_acknowledged = "ACKNOWLEDGED", SYSTEM_ID, True
        return self.confirm(external_id)

    def effects(self, request: WriteRequest) -> int:
        return int(self.status_of(request.external_id or "") == "POSTING_CONFIRMED_SUCCESS")

    def end_tokens(self) -> None:
        self.simulator.end_tokens()

    def request_count(self) -> int:
        return self.simulator.requests.total_count


def setup_concur(**settings: Any) -> ConcurWorld:
    return ConcurWorld(**settings)
