"""A directory for the promises: accounts to read, nothing to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from adapters import scim
from adapters.base import Connection, WriteRequest
from adapters.scim.client import Scim
from adapters.scim.simulator import ScimSimulator, Settings
from adapters.simulation import FaultPlan
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport
from tests.adapters.held_secrets import HeldSecrets

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
_checkers: list[ContractChecker] = []


def checker() -> ContractChecker:
    """Return the judge of all exchanges; its document is read once."""
    if not _checkers:
        _checkers.append(ContractChecker(OPENAPI_FOLDER / "scim.openapi.yaml"))
    return _checkers[0]


@dataclass
class ScimWorld:
    """An empty directory."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    has_right_secret: bool = True
    settings: Settings = field(default_factory=Settings)
    options: Mapping[str, Any] = field(default_factory=dict)
    answer_bytes_max: int = 2_000_000

    entity = "directory_user"
    read_path = r"^/scim/v2/Users\?"
    write_path = r"^/no-writes$"

    def __post_init__(self) -> None:
        self.secrets = {
            "client_id": "finsync",
            "client_secret": "cl1ent-secret-value",
            "token": "l0ng-lived.token-value",
            "user": "reader",
            "password": "Pa55-word.value",
        }
        right = self.secrets if self.has_right_secret else dict.fromkeys(self.secrets, "another-one")
        self.faults = FaultPlan(self.clock)
        self.simulator = ScimSimulator(self.clock, **right, faults=self.faults, settings=self.settings)
        self.adapter: Scim = self.connect()
        self._count = 0

    def connect(self, transport: httpx.AsyncBaseTransport | None = None, **options: Any) -> Scim:
        """Return a new adapter of this directory: what another process would have."""
        judged = checking_transport(httpx.ASGITransport(app=self.simulator.app), checker(), "scim")
        connection = Connection(
            adapter="scim",
            base_url="https://directory.test/scim/v2",
            requests_per_second=1e6,
            answer_bytes_max=self.answer_bytes_max,
            options={
                "auth": "client_credentials",
                "token_url": "https://directory.test/oauth/token",
                "page_size": 50,
                **self.options,
                **options,
            },
        )
        adapter = scim.connect(
            "scim",
            connection,
            HeldSecrets("scim", self.secrets),
            self.clock,
            transport=transport or judged,
        )
        assert isinstance(adapter, Scim)
        return adapter

    def unjudged(self) -> httpx.AsyncBaseTransport:
        """Return the way to the directory past the judge: for answers that no contract allows."""
        return httpx.ASGITransport(app=self.simulator.app)

    def add(self, count: int) -> list[str]:
        made = [f"u-{number:05}" for number in range(self._count, self._count + count)]
        self._count += count
        for one in made:
            self.simulator.put_user(one, f"{one}@nordwerk.example", employee_number=one[2:])
        return made

    def touch(self, external_id: str) -> None:
        user = self.simulator.users.at(external_id)
        self.simulator.put_user(external_id, user["userName"], title="Has another job now")

    def before_each_request(self, hook: Callable[[], None] | None) -> None:
        self.simulator.on_request = hook

    def a_write(self) -> WriteRequest:
        raise AssertionError("nothing is ever written to a directory")

    def effects(self, request: WriteRequest) -> int:
        raise AssertionError("nothing is ever written to a directory")

    def end_tokens(self) -> None:
        self.simulator.end_tokens()

    def request_count(self) -> int:
        return self.simulator.requests.total_count


def setup_scim(**settings: Any) -> ScimWorld:
    return ScimWorld(**settings)
