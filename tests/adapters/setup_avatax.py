"""An AvaTax account for the promises: its catalogue of tax codes to read, and questions that leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from adapters import avatax
from adapters.avatax.client import AvaTax
from adapters.avatax.simulator import AvaTaxSimulator
from adapters.avatax.simulator_settings import Settings
from adapters.base import Connection, WriteRequest
from adapters.simulation import FaultPlan
from store.canonical.tax import TaxQuestion
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport
from tests.adapters.held_secrets import HeldSecrets
from tests.tax_questions import a_tax_line, a_tax_question

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
_checkers: list[ContractChecker] = []


def checker() -> ContractChecker:
    """Return the judge of all exchanges; its document is read once."""
    if not _checkers:
        _checkers.append(ContractChecker(OPENAPI_FOLDER / "avatax.openapi.yaml"))
    return _checkers[0]


@dataclass
class AvaTaxWorld:
    """An account with an empty catalogue, unless `has_catalogue`."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    has_right_secret: bool = True
    has_catalogue: bool = False
    settings: Settings = field(default_factory=Settings)
    options: Mapping[str, Any] = field(default_factory=dict)
    answer_bytes_max: int = 2_000_000

    entity = "tax_code"
    read_path = r"^/api/v2/definitions/taxcodes\?"
    write_path = r"^/api/v2/transactions/create\?"
    only_asks = True

    def __post_init__(self) -> None:
        self.secrets = {
            "user": "1100012345",
            "password": "L1CENCE-k3y-value",
            "token": "t0ken.of-avatax.value",
        }
        self.faults = FaultPlan(self.clock)
        self.simulator = AvaTaxSimulator(
            self.clock,
            user=self.secrets["user"],
            password=self.secrets["password"] if self.has_right_secret else "another-one",
            token=self.secrets["token"] if self.has_right_secret else "another-one",
            faults=self.faults,
            settings=self.settings,
            has_catalogue=self.has_catalogue,
        )
        self.adapter: AvaTax = self.connect()
        self._count = 0

    def connect(self, **options: Any) -> AvaTax:
        """Return a new adapter of this account: what another process would have."""
        connection = Connection(
            adapter="avatax",
            base_url="https://rest.avatax.test",
            requests_per_second=1e6,
            answer_bytes_max=self.answer_bytes_max,
            options={"page_size": 50, **self.options, **options},
        )
        adapter = avatax.connect(
            "avatax",
            connection,
            HeldSecrets("avatax", self.secrets),
            self.clock,
            transport=checking_transport(httpx.ASGITransport(app=self.simulator.app), checker(), "avatax"),
        )
        assert isinstance(adapter, AvaTax)
        return adapter

    def add(self, count: int) -> list[str]:
        made = range(self._count, self._count + count)
        self._count += count
        return [self.simulator.put_code(f"P{number:07}", f"Goods {number}")["taxCode"] for number in made]

    def touch(self, external_id: str) -> None:
        self.simulator.put_code(external_id, "Goods, described anew")

    def before_each_request(self, hook: Callable[[], None] | None) -> None:
        self.simulator.on_request = hook

    def a_write(self) -> WriteRequest:
        (code,) = self.add(1)
        return asking(a_tax_question(a_tax_line(tax_code=code), number=f"INV-{code}"))

    def effects(self, request: WriteRequest) -> int:
        """Count the documents that were saved: of any question, none ever is."""
        return len(self.simulator.documents)

    def end_tokens(self) -> None:
        """There are none: keys live until somebody resets them."""

    def request_count(self) -> int:
        return self.simulator.requests.total_count


def asking(question: TaxQuestion) -> WriteRequest:
    """Return the decision to ask a question."""
    body = {"question": question.model_dump(mode="json")}
    return WriteRequest("tax.determine", f"avatax/tax.determine/{question.digest()}", None, body)


def setup_avatax(**settings: Any) -> AvaTaxWorld:
    return AvaTaxWorld(**settings)
