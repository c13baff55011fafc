"""A workspace with one order in trouble, and commands run in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import keyring
import pytest
import tomlkit
from keyring.backend import KeyringBackend

from finsync_tui import people
from finsync_tui.cli import run
from finsync_tui.people import identity
from finsync_tui.settings import create_workspace
from store import Store, audit, cases, engine, events, leases, open_store, outbox, systems, workflows
from store.calls import Call
from store.canonical.event import Event, event_type
from tests import faces
from tests.builders import MONDAY, a_clock, a_commitment
from tests.finsync_tui.flows.desk import PROFILE as COMPANY
from tests.finsync_tui.governance.council import TABLE

PROFILE = """
[systems.coupa]
adapter = "coupa"
base_url = "http://127.0.0.1:9"

[schedules.orders]
system = "coupa"
entities = ["purchase_order"]
every = "PT4H"
"""
EVIL = "ACME\x1b[2J\u202eLTD"
"""A supplier that calls itself something a terminal would obey."""


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError(username)


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Finsync:
    """Runs commands in one workspace."""

    path: Path
    run: Callable[..., Answer]

    def __call__(self, *arguments: object) -> Answer:
        return self.run(*arguments, "--workspace", self.path)

    def store(self) -> Store:
        return open_store(self.path / "finsync.db", a_clock())


@pytest.fixture(autouse=True)
def _own_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run one command line in this process."""
    for name in [name for name in os.environ if name.startswith("FINSYNC_") and name != faces.LEARN_VARIABLE]:
        monkeypatch.delenv(name)

    def run_one(*arguments: object) -> Answer:
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        code = run(words)
        said = capsys.readouterr()
        faces.judge(words, said.out)
        return Answer(code, said.out, said.err)

    return run_one


@pytest.fixture
def finsync(tmp_path: Path, command: Callable[..., Answer]) -> Finsync:
    """A workspace whose store holds: a held order with a dead letter, and one that is done."""
    path = tmp_path / "w"
    create_workspace(path, layers=("own",), name="test")
    layer = path / "profiles" / "own"
    layer.mkdir(parents=True)
    (layer / "profile.toml").write_text(PROFILE, encoding="utf-8")
    made = Finsync(path, command)
    with made.store() as store:
        _fill(store)
    return made


def _fill(store: Store) -> None:
    lease = leases.acquire(store, "test:1:1", timedelta(seconds=60), MONDAY)
    with store.transaction() as db:
        held = _workflow(store, 1, "held")
        _workflow(store, 2, "done")
        (entry,) = outbox.enqueue(
            db,
            [
                outbox.Entry(
                    idempotency_key="key-1",
                    system="oracle-emea",
                    operation="order.create",
                    entity="purchase_order",
                    document_key="coupa:1",
                    document_number="PO-1",
                    body=json.dumps({"commitment": a_commitment("1204.50").model_dump(mode="json")}),
                    workflow_id=held,
                    amount_minor=120450,
                    currency="EUR",
                )
            ],
            MONDAY,
        )
        outbox.claim(db, "oracle-emea", MONDAY, 10, lease.token)
        sent = (Call("POST", "/orders", 503, '{"total":"1204.50"}'),)
        attempt = outbox.Attempt(MONDAY, MONDAY, "transient", status=503, message="busy", calls=sent)
        buried = outbox.Settlement(entry, "buried", attempt, failure="transient", message="busy")
        outbox.settle(db, lease.token, [buried], MONDAY)
        cases.open(
            db,
            cases.NewCase(
                class_="DEAD_LETTER",
                entity="purchase_order",
                document_key="coupa:1",
                document_number="PO-1",
                system="oracle-emea",
                cause=f"{EVIL} could not be reached",
                fix="retry",
                workflow_id=held,
                step="await_commitment",
                entry_id=entry,
                amount_minor=120450,
                currency="EUR",
                evidence={"operation": "order.create"},
                payload=b'{"id": 1}',
                due_at=MONDAY + timedelta(hours=4),
            ),
            MONDAY,
        )
        cases.open(
            db,
            cases.NewCase(
                class_="PERIOD_CLOSED",
                entity="purchase_order",
                document_key="coupa:3",
                document_number="=HYPERLINK(0)",
                system="oracle-amer",
                cause="period closed",
                fix="open it",
                amount_minor=500,
                currency="JPY",
            ),
            MONDAY,
        )
        systems.ok(db, "coupa", MONDAY)
        events.append(db, [_event(number) for number in (1, 2)])
        audit.record(db, [audit.Entry(who="engine", what="order.read", subject="coupa:1")], MONDAY)
        engine.report(db, "idle", lease.holder, MONDAY, True, 3, None, MONDAY)
        leases.release(db, lease)


def _workflow(store: Store, number: int, state: workflows.State) -> int:
    made = workflows.start(
        store.db,
        flow="requisition_to_pay",
        kind="create",
        entity="purchase_order",
        document_key=f"coupa:{number}",
        document_number=f"PO-{number}",
        document_version=1,
        document_revision="1",
        step="await_commitment",
        now=MONDAY,
        amount_minor=120450,
        currency="EUR",
    )
    assert made is not None
    workflows.log_step(store.db, made, "route", "done", MONDAY, MONDAY, {"target": "oracle-emea"})
    ended = state == "done"
    workflows.save(store.db, made, state=state, step="await_commitment", data={}, now=MONDAY, ended=ended)
    return made


def _event(number: int) -> Event:
    return Event(
        id=f"coupa:purchase_order:{number}:v1",
        type=event_type("purchase_order", "approved"),
        source="coupa",
        subject=f"coupa:{number}",
        time=MONDAY,
        data={"number": f"PO-{number}"},
    )


Sit = Callable[[str], None]


@pytest.fixture
def sit(monkeypatch: pytest.MonkeyPatch) -> Sit:
    """Somebody sits down at the keyboard: the account of the operating system is theirs."""

    def who(name: str) -> None:
        monkeypatch.setattr(people, "account", lambda: name)
        monkeypatch.setattr(identity, "this_account", lambda: name)

    return who


@pytest.fixture
def office(tmp_path: Path, command: Callable[..., Answer], sit: Sit) -> Finsync:
    """A workspace with maria, tom and vera, whose keys were made by the command itself."""
    path = tmp_path / "office"
    create_workspace(path, layers=("own",), name="office")
    layer = path / "profiles" / "own"
    (layer / "mappings").mkdir(parents=True)
    (layer / "mappings" / f"{TABLE}.csv").write_text("from,to\n420,420\n430,=\n", encoding="utf-8")
    owners = {"default": {"owner": "procurement", "deputy": "controlling"}}
    settings = {**COMPANY, "schedules": {}, "owners": owners}
    (layer / "profile.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
    finsync = Finsync(path, command)
    finsync("store", "create")
    listed = {}
    for name, roles in (("maria", ["analyst"]), ("tom", ["approver"]), ("vera", ["viewer"])):
        sit(name)
        listed[name] = {
            "os_account": name,
            "roles": roles,
            "key": finsync("people", "key", "--json").json["key"],
            "answers_for": ["controlling"] if name == "tom" else ["procurement"],
        }
    (layer / "profile.toml").write_text(tomlkit.dumps({**settings, "people": listed}), encoding="utf-8")
    sit("maria")
    return finsync
