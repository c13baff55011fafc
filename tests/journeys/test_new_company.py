"""docs/new_company.md, done as it is written: a fourth company with its own ERP, tax rules and mappings, by files only.

What the page says is there already (the company in Coupa and in its ERP) is put into the simulated systems. Every file of the page
is written where it says, every command typed; the two that reach systems meet the simulated ones, in virtual time.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import re
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import keyring
import pytest
import tomlkit

import adapters
from adapters.base import Adapter
from adapters.oracle_fusion.simulator import OracleFusionSimulator
from adapters.oracle_fusion.simulator_settings import SimulatorSettings
from finsync_tui import profile as profiles
from finsync_tui.assembly import SystemSecrets, open_engine
from finsync_tui.cli import run as finsync
from finsync_tui.credentials import Secrets, variable
from finsync_tui.mapping import Table
from finsync_tui.profile import Profile
from finsync_tui.rehearse import systems, world
from finsync_tui.rehearse import workspace as rehearsal
from finsync_tui.settings import Workspace, load_workspace
from store import open_store
from store.clock import Clock, VirtualClock
from tests.finsync_tui.cli.conftest import MemoryKeyring

PAGE = Path(__file__).parents[2] / "docs" / "new_company.md"
KEYS = systems.Secrets("one", "two", "three", "four")
UK, UNIT, CHART = "oracle-uk", 300_000_000_100_031, 50_103
ENTITIES = (
    "purchase_order", "invoice", "payment", "supplier", "approval", "ledger", "account_combination", "cost_centre",
)  # fmt: skip
SEGMENTS = ("Company", "Cost Center", "Account", "Project", "Future")
SETS = ("UK Company", "UK Cost Centre", "UK Account", "UK Project", "UK Future")


def files() -> dict[str, str]:
    """Return each file that the page says to write, with what it says."""
    return dict(
        re.findall(
            r"^`([^`]+)`:\n\n```\w+\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )
    )


def added() -> dict[str, str]:
    """Return what the page says to add to files that are there."""
    return dict(
        re.findall(
            r"^Added to `([^`]+)`:\n\n```\w+\n(.*?)^```",
            PAGE.read_text(encoding="utf-8"),
            re.DOTALL | re.MULTILINE,
        )
    )


def switched_on() -> dict[str, Any]:
    """Return what the page says to change in workspace.toml."""
    (text,) = re.findall(
        r"^Changed in `workspace.toml`:\n\n```toml\n(.*?)^```",
        PAGE.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    return tomlkit.parse(text).unwrap()


def commands() -> list[list[str]]:
    """Return the words of each command of the page."""
    (block,) = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [line.split()[1:] for line in block.splitlines()]


@pytest.fixture
def own_keyring() -> Iterator[None]:
    """What the page has people keep in their keyring stays in this test."""
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield
    keyring.set_keyring(before)


class Group:
    """The demo's three companies at work, and a fourth one that only Coupa and its own ERP know."""

    def __init__(self, folder: Path) -> None:
        self.world = world.make(7, 0.01, "none", KEYS)
        self.erp = OracleFusionSimulator(
            self.world.clock, name=UK, user=systems.ERP_USER, password=KEYS.erp,
            settings=SimulatorSettings(
                seed=7, segment_attributes=tuple(one.replace(" ", "") for one in SEGMENTS), first_order_number=900_001
            ),
        )  # fmt: skip
        self._books()
        self._coupa()
        self.apps: dict[str, Any] = {"coupa": self.world.systems.coupa.app, UK: self.erp.app}
        self.apps |= {name: erp.app for name, erp in self.world.systems.erps.items()}
        urls = {name: f"https://{name}.test" for name in (*self.apps, "concur") if name != UK}
        self.workspace: Workspace = rehearsal.write(folder, self.world.scenario.company, urls)
        self._narrowed()
        self.clock = VirtualClock(self.world.now())
        open_store(self.workspace.store_path, self.clock).close()

    def _narrowed(self) -> None:
        """Read only what orders and invoices need: the expense tool is not asked."""
        file = self.workspace.path / "profiles" / "demo" / "profile.toml"
        profile = tomlkit.parse(file.read_text(encoding="utf-8")).unwrap()
        profile["schedules"] = {
            name: one
            for name, one in profile["schedules"].items()
            if set(one["entities"]) & set(ENTITIES) and one["system"] in self.apps
        }
        file.write_text(tomlkit.dumps(profile), encoding="utf-8")

    def _books(self) -> None:
        erp = self.erp
        erp.add_chart(CHART, "UK Chart", zip(SEGMENTS, SETS, strict=True))
        erp.add_ledger("UK Ledger", "GBP", CHART, ledger_id=300_000_046_975_991, has_budgetary_control=False)
        erp.add_business_unit(UNIT, "UK Operations", ledger="UK Ledger", legal_entity="UK01")
        erp.add_agent(300_000_000_120_048, "Buyer UK", "buyer.uk@nordwerk.example", UNIT)
        erp.add_location(300_000_000_070_007, "Nordwerk Ltd Receiving")
        for code, values in zip(
            SETS,
            (("301",), ("000", "410", "440"), ("6100", "6430", "1575"), ("0000",), ("000",)),
            strict=True,
        ):
            for value in values:
                erp.set_value(code, value)
        for month, last in ((1, 31), (2, 28)):
            erp.set_period(
                "UK Ledger",
                f"{'Jan' if month == 1 else 'Feb'}-26",
                date(2026, month, 1),
                date(2026, month, last),
            )
        erp.add_supplier(
            "Harbour Paper Ltd", number="V-90001", units=[UNIT], taxpayer_id="GB999999973", country="GB"
        )

    def _coupa(self) -> None:
        put = self.world.systems.coupa.put
        put("currencies", {"id": 9, "code": "GBP", "decimals": 2, "enabled": True})
        put("account_types", {"name": "UK Chart", "active": True, "currency": {"code": "GBP"},
                              "legal-entity-name": "Nordwerk Ltd", "dynamic-flag": False})  # fmt: skip
        for number, (centre, account) in enumerate((("UKLOG", "UK7100"), ("UKIT", "UK7430")), 91_001):
            put("accounts", {"id": number, "name": f"{centre} {account}", "active": True, "account-type": {"name": "UK Chart"},
                             "segment-1": "UK", "segment-2": centre, "segment-3": account})  # fmt: skip
        put("suppliers", {"id": 9001, "number": "V-90001", "name": "Harbour Paper Ltd", "status": "active",
                          "tax-id": "GB999999973", "on-hold": False,
                          "primary-address": {"country": {"code": "GB"}, "city": "Hull", "active": True}})  # fmt: skip

    @property
    def person(self) -> str:
        return next(iter(self.world.scenario.company.people))

    def order(self, number: str, coupa_id: int, price: str) -> None:
        """Somebody of the fourth company orders paper."""
        put = self.world.systems.coupa.put
        line = {"line-num": "1", "type": "OrderQuantityLine", "description": "Paper A4", "quantity": "10", "price": price,
                "total": f"{Decimal(price) * 10:.2f}", "currency": {"code": "GBP"}, "uom": {"code": "EA"},
                "commodity": {"name": "Office Supplies"}, "account": {"id": 91_001}, "account-allocations": []}  # fmt: skip
        asked = {"id": coupa_id + 10_000, "status": "ordered", "req-title": "Paper", "requested-by": {"login": self.person},
                 "submitted-at": self.world.now(), "currency": {"code": "GBP"}, "requisition-lines": []}  # fmt: skip
        put("approvals", {"approvable-type": "RequisitionHeader", "approvable-id": asked["id"], "position": 1, "status": "approved",
                          "type": "ManagementHierarchyApproval", "approval-date": self.world.now(),
                          "approver": {"login": self.person}, "approved-by": {"login": self.person}})  # fmt: skip
        put("requisitions", asked)
        put("purchase_orders", {"id": coupa_id, "po-number": number, "status": "issued", "currency": {"code": "GBP"},
                                "supplier": {"number": "V-90001"}, "requester": {"login": self.person},
                                "requisition-header": {"id": asked["id"]}, "order-lines": [line],
                                "custom-fields": {"cf-erp-po-number": None, "cf-erp-status": None}})  # fmt: skip

    def invoice(self, number: str, coupa_id: int, tax: str, account: int = 91_001) -> None:
        """The supplier sends an invoice over 100.00 without an order, with so much VAT."""
        coupa = self.world.systems.coupa
        line = {"line-num": 1, "type": "InvoiceAmountLine", "description": "Paper", "quantity": None, "price": "100.00",
                "total": "100.00", "currency": {"code": "GBP"}, "uom": None, "commodity": {"name": "Office Supplies"},
                "account": {"id": account}, "account-allocations": [],
                "tax-lines": [{"amount": tax, "rate": "20", "code": "GB20"}]}  # fmt: skip
        coupa.put("invoices", {
            "id": coupa_id, "invoice-number": number, "invoice-date": self.world.now().date().isoformat(),
            "document-type": "Invoice", "status": "pending_approval", "supplier": {"number": "V-90001"},
            "account-type": {"name": "UK Chart"}, "currency": {"code": "GBP"}, "payment-term": {"code": "Net 30"},
            "ship-to-address": {"country": {"code": "GB"}}, "ship-from-address": {"country": {"code": "GB"}},
            "line-level-taxation": True, "invoice-lines": [line],
            "custom-fields": {"cf-erp-invoice-number": None, "cf-erp-status": None},
        })  # fmt: skip
        coupa.put("approvals", {"approvable-type": "InvoiceHeader", "approvable-id": coupa_id, "position": 1,
                                "status": "pending_approval", "type": "ManagementHierarchyApproval",
                                "approver": {"login": self.person}})  # fmt: skip
        coupa.approve_invoice(coupa_id, by=self.person)

    def connect(self, workspace: Workspace, profile: Profile, clock: Clock) -> dict[str, Adapter]:
        secrets = Secrets(workspace.name, workspace.path, workspace.secrets_dir)
        return {
            name: adapters.load(profile.systems[name].adapter).connect(
                name,
                profile.systems[name],
                SystemSecrets(name, secrets),
                clock,
                transport=httpx.ASGITransport(app=app),
            )
            for name, app in self.apps.items()
            if name in profile.systems
        }

    async def works(self, hours: int) -> dict[str, list[tuple[str, str, str]]]:
        """An engine works for so long; return what it says of the documents of each company."""
        async with open_engine(self.workspace, self.clock, self.connect) as engine:
            for _ in range(0, hours, 12):
                self.world.move(self.world.now() + timedelta(hours=12))
                self.clock.advance_to(self.world.now())
                await engine.cycle(engine.due(self.clock.now()))
            found: dict[str, list[tuple[str, str, str]]] = {}
            for company, number, state, step in engine.store.db.execute(
                "SELECT coalesce(legal_entity, ''), document_number, state, step FROM workflow ORDER BY document_number"
            ):
                found.setdefault(company, []).append((number, state, step))
            return found

    async def is_well(self, system: str) -> bool:
        adapter = self.connect(self.workspace, profiles.load(self.workspace), self.clock)[system]
        try:
            return (await adapter.check_health()).is_ok
        finally:
            await adapter.aclose()


def write(group: Group) -> None:
    """Write the files that the page names, add to those it adds to, and switch the layer on."""
    path = group.workspace.path
    for name, text in files().items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    for name, text in added().items():
        with (path / name).open("a", encoding="utf-8") as file:
            file.write(text)
    settings = tomlkit.parse((path / "workspace.toml").read_text(encoding="utf-8")).unwrap()
    change = switched_on()
    settings |= {"layers": change["layers"], "systems": settings["systems"] | change["systems"]}
    (path / "workspace.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
    group.workspace = load_workspace(path)


def follow(group: Group, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Do what the page says, in its order; return how each command ended."""
    write(group)
    path = group.workspace.path
    endings: dict[str, int] = {}
    for words in commands():
        match words:
            case ["run", "--once"]:
                endings["run --once"] = 0 if asyncio.run(group.works(12)) else 1
            case ["secrets", "test", system]:
                endings["secrets test"] = 0 if asyncio.run(group.is_well(system)) else 1
            case _:
                answers = {"user": systems.ERP_USER, "password": KEYS.erp}
                monkeypatch.setattr(sys, "stdin", io.StringIO(answers.get(words[-1], "")))
                endings[" ".join(words)] = finsync([*words, "--workspace", str(path)])
    return endings


@pytest.mark.usefixtures("own_keyring")
def test_a_fourth_company_by_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its orders and invoices go to its own ERP by its own rules; what the other three do does not change."""
    for name, value in (
        (variable("coupa", "client_id"), systems.CLIENT_ID),
        (variable("coupa", "client_secret"), KEYS.coupa),
        *((variable(erp, "user"), systems.ERP_USER) for erp in ("oracle-emea", "oracle-amer")),
        *((variable(erp, "password"), KEYS.erp) for erp in ("oracle-emea", "oracle-amer")),
    ):
        monkeypatch.setenv(name, value)
    group = Group(tmp_path / "w")
    group.order("UK-PO-1", 990_001, "12.50")
    alone = asyncio.run(group.works(24))

    endings = follow(group, monkeypatch)
    group.order("UK-PO-2", 990_002, "9.90")
    group.order("UK-PO-3", 990_003, "2600.00")
    group.invoice("UK-INV-1", 880_001, "20.00")
    group.invoice("UK-INV-2", 880_002, "17.50")
    found = asyncio.run(group.works(96))

    assert {} == {name: code for name, code in endings.items() if code != 0}
    assert ("UK-PO-1", "held", "route") in alone[""], "nobody knew its chart"
    assert {
        "UK-PO-1": ("done", "verify"),
        "UK-PO-2": ("done", "verify"),
        "UK-PO-3": ("held", "check_approval"),
        "UK-INV-1": ("waiting", "await_payment"),
        "UK-INV-2": ("held", "check_tax"),
    } == {number: (state, step) for number, state, step in found["UK01"]}
    charged = {
        one["marker"]: [
            (account["account"], account["amount"]) for line in one["lines"] for account in line["accounts"]
        ]
        for one in group.erp.orders()
    }
    assert {
        "coupa:UK-PO-1": [("301-410-6100-0000-000", Decimal("125.00"))],
        "coupa:UK-PO-2": [("301-410-6100-0000-000", Decimal("99.00"))],
    } == charged
    (posted,) = group.erp.invoices()
    assert [("301-410-6100-0000-000", Decimal("100.00")), ("301-000-1575-0000-000", Decimal("20.00"))] == [
        (account["account"], account["amount"]) for line in posted["lines"] for account in line["accounts"]
    ]
    assert ["POLICY_HELD", "TAX_DIFFERS"] == held(group)


def held(group: Group) -> list[str]:
    """Return why documents of the fourth company wait."""
    with open_store(group.workspace.store_path, group.clock) as store:
        rows = store.db.execute(
            "SELECT class FROM exception_case WHERE ended_at IS NULL AND document_number LIKE 'UK-%' ORDER BY class"
        )
        return [class_ for (class_,) in rows]


def test_what_the_layer_says_changes_nothing_for_the_others(tmp_path: Path) -> None:
    """Each company's set-up is what it was, and each value that a table of theirs has a rule for means what it meant."""
    group = Group(tmp_path / "w")
    before = profiles.load(group.workspace)
    write(group)
    after = profiles.load(group.workspace)

    old = set(before.legal_entities)
    assert {**before.legal_entities} == {
        name: one for name, one in after.legal_entities.items() if name in old
    }
    assert {"UK01"} == set(after.legal_entities) - old
    asked = 0
    on = group.clock.now().date()
    for name, rows in before.mappings.items():
        was, now = (Table(name, 1, tuple(one.mappings[name]), one.regions) for one in (before, after))
        for row, company in itertools.product(rows, sorted(old)):
            asked += 1
            one, other = (
                table.find(row.source, scope=company, on=on, given=dict(row.where)) for table in (was, now)
            )
            assert (one and one.target) == (other and other.target), (name, row, company)
    assert asked > 100
