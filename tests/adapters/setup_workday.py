"""A Workday tenant with one company in it, as the promises and the adapter's own tests want it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NoReturn, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters import workday
from adapters.base import Adapter, Connection, Page, Translated, WriteRequest
from adapters.simulation import FaultPlan
from adapters.workday.simulator import Account, Settings, WorkdaySimulator
from store.canonical.organisation import CostCentre, Organisation
from store.canonical.people import Employee, ScheduledChange
from store.canonical.record import CanonicalRecord
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport
from tests.adapters.held_secrets import HeldSecrets

START = datetime(2026, 10, 1, 16, tzinfo=UTC)  # nine in the morning in the tenant's own zone
BASE = "http://127.0.0.1:8807"
TENANT = "acme"
SETTLED = timedelta(minutes=2)
"""Longer than what was entered last is left for the next read."""
R = TypeVar("R", bound=CanonicalRecord)


@cache
def checker() -> ContractChecker:
    """Return the judge of all exchanges; reading its document once is enough."""
    return ContractChecker(OPENAPI_FOLDER / "workday.openapi.yaml")


@cache
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@cache
def pem() -> str:
    return key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass
class WorkdayWorld:
    """A tenant: Ann leads the company, Bea an organisation below hers. Workers are what the hands below make and change."""

    transport: str = "raas"
    auth: str = "refresh_token"
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    has_right_secret: bool = True
    settings: Settings = field(default_factory=Settings)
    options: Mapping[str, Any] = field(default_factory=dict)
    answer_bytes_max: int = 2_000_000
    is_empty: bool = False

    entity = "employee"
    write_path = r"^$"
    is_private = True
    """Of an answer about people nothing is kept as it came."""

    def __post_init__(self) -> None:
        self.secrets = {
            "user": "ISU_FINSYNC",
            "password": "w0rkday-p4ss-value",
            "client_id": "client-0815",
            "client_secret": "w0rkday-cl13nt-value",
            "refresh_token": "rt-of-the-administrator",
            "private_key": pem(),
        }
        self.held = HeldSecrets("workday", self.secrets)
        self.faults = FaultPlan(self.clock)
        wrong = "" if self.has_right_secret else "another-"
        self.simulator = WorkdaySimulator(
            self.clock,
            tenant=TENANT,
            account=Account(
                self.secrets["user"],
                wrong + self.secrets["password"],
                self.secrets["client_id"],
                wrong + self.secrets["client_secret"],
                self.secrets["refresh_token"],
                key().public_key(),
            ),
            faults=self.faults,
            settings=self.settings,
        )
        self.top = self.simulator.add_organisation("SUP-TOP", default_company="DE01")
        if not self.is_empty:
            self.plant = self.simulator.add_organisation("SUP-17", superior=self.top)
            self.node = self.simulator.add_node("CCH-ALL")
            self.centre = self.simulator.add_cost_centre("CC-4100", self.node, code="4100")
        self.settle()
        self.adapter: Adapter = self.connected()
        self._number = 21000

    @property
    def sends_json(self) -> bool:
        return self.transport == "raas"

    @property
    def read_path(self) -> str:
        return r"FINSYNC_Workers\?format=json" if self.transport == "raas" else r"/Human_Resources/"

    def connected(self, **options: Any) -> Adapter:
        """Connect another process of ours to the same tenant, with the same secrets."""
        connection = Connection(
            adapter="workday",
            base_url=BASE,
            requests_per_second=1e6,
            answer_bytes_max=self.answer_bytes_max,
            options={
                "tenant": TENANT,
                "time_zone": self.settings.time_zone,
                "transport": self.transport,
                "auth": self.auth,
                "token_url": f"{BASE}/ccx/oauth2/{TENANT}/token",
                "page_size": 50,
                **self.options,
                **options,
            },
        )
        door = httpx.ASGITransport(app=self.simulator.app)
        return workday.connect(
            "workday",
            connection,
            self.held,
            self.clock,
            transport=checking_transport(door, checker(), "workday"),
        )

    def settle(self) -> None:
        """Let what was entered become old enough to be read."""
        self.clock.advance(SETTLED)

    def to(self, day: date, hour: int = 16) -> None:
        """Go to a day; 16 UTC is the morning in Los Angeles."""
        self.clock.advance(datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - self.clock.now())

    def hire(self, worker_id: str, name: str, organisation: str, **fields: Any) -> str:
        return self.simulator.hire(
            worker_id,
            name,
            **{
                "organisation": organisation,
                "cost_centre": None if self.is_empty else self.centre,
                "company": "DE01",
                "effective": date(2024, 1, 15),
                **fields,
            },
        )

    def read(
        self, entity: str = "employee", position: str | None = None, adapter: Adapter | None = None
    ) -> tuple[list[Any], str]:
        """Read as the engine does; return the records and the position behind them."""
        used = adapter or self.adapter

        async def collect() -> list[Page]:
            found = [page async for page in used.read(entity, position)]
            await used.aclose()
            return found

        pages = asyncio.run(collect())
        records = []
        for page in pages:
            for one in used.translate(entity, page.rows):
                assert isinstance(one, Translated), one
                records.append(one.record)
        assert pages[-1].is_last
        assert pages[-1].position is not None
        return records, pages[-1].position

    # What the promises ask for.

    def add(self, count: int) -> list[str]:
        made = []
        for _ in range(count):
            self._number += 1
            made.append(self.hire(str(self._number), f"Worker {self._number}", self.top))
        self.settle()
        return made

    def touch(self, external_id: str) -> None:
        self.simulator.change(external_id, "DATA_CHANGE", title="Buyer", email="changed@example.com")
        self.settle()

    def before_each_request(self, hook: Callable[[], None] | None) -> None:
        self.simulator.before_each_request(hook)

    def a_write(self) -> WriteRequest:
        raise NotImplementedError("nothing is written to Workday")

    def effects(self, request: WriteRequest) -> NoReturn:
        raise NotImplementedError("nothing is written to Workday")

    def end_tokens(self) -> None:
        self.simulator.end_tokens()

    def request_count(self) -> int:
        return self.simulator.requests.total_count


def by_number(records: list[Any]) -> dict[str, Any]:
    """Return records by their numbers, the last read of each."""
    return {one.number: one for one in records}


def setup_workday(**settings: Any) -> WorkdayWorld:
    return WorkdayWorld(**settings)


def setup_workday_soap(**settings: Any) -> WorkdayWorld:
    return WorkdayWorld(**{"transport": "soap", "auth": "basic", **settings})


__all__ = [
    "CostCentre",
    "Employee",
    "Organisation",
    "ScheduledChange",
    "WorkdayWorld",
    "by_number",
    "setup_workday",
    "setup_workday_soap",
]
