"""A workspace whose mapping tables lack a few values: what the engine stopped at, and what two people have agreed on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import tomlkit

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.assembly import open_engine
from finsync_tui.mapping import MappingRow, files
from finsync_tui.screens.app import FinsyncApp
from finsync_tui.settings import Workspace, create_workspace
from store import events, open_store, records
from store.canonical.event import Event, event_type
from store.canonical.record import CanonicalRecord
from store.canonical.supplier import SupplierSite
from store.clock import VirtualClock
from store.database import Store
from tests.builders import (
    MONDAY,
    a_cost_centre,
    a_purchase_order,
    a_supplier,
    an_account_combination,
    an_order_line,
)
from tests.finsync_tui.flows.desk import PROFILE, SOURCE, TARGET
from tests.finsync_tui.governance.council import PEOPLE, TABLE, a_key, a_row, a_signer
from tests.finsync_tui.screens.filled_store import MACHINE_NOW

NOW = MONDAY + timedelta(hours=6)
US = "oracle-amer"
ERP_CENTRES = {
    "400": "Management",
    "410": "Marketing EMEA",
    "415": "Events and fairs",
    "420": "Office services",
    "430": "IT operations",
    "440": "Logistics",
    "450": "Research",
}
ORDERS = (
    ("PO-100301", "410", "98110.00", "DE01"),
    ("PO-100302", "CC410", "41202.10", "DE01"),
    ("PO-100303", "CC410", "1999.00", "DE01"),
    ("PO-100304", "CC415", "640.50", "DE01"),
    ("PO-100305", "NYC-7", "23750.00", "US01"),
    ("PO-100306", "NYC-7", "118.20", "US01"),
    ("PO-100307", "999", "87.00", "DE01"),
    ("PO-100308", "CC410", "12.40", "DE01"),
    ("PO-100309", "420", "3200.00", "DE01"),
)
OWN: dict[str, tuple[MappingRow, ...]] = {
    TABLE: (
        a_row("410", "="),
        a_row("420", "="),
        a_row("430", "="),
        a_row("43*", "430", scope="DE01", priority=-10),
        a_row("LEGACY-7", "440", valid_to="2025-12-31"),
        a_row("LEGACY-7", "450", valid_from="2026-01-01"),
        a_row("NYC-1", "440", scope="US01"),
    ),
    "account": (a_row("7110", "7110"), a_row("72*", "7200", priority=5), a_row("*", "=", priority=-100)),
    "tax_code": (a_row("DE19", "VST19", scope="DE01"), a_row("DE07", "VST07", scope="DE01")),
}


def _settings() -> dict[str, Any]:
    chart = [
        {"name": "company", "from": 1},
        {"name": "cost_centre", "from": 2, "table": TABLE},
        {"name": "account", "from": 3, "table": "account"},
        {"name": "project", "value": "0000"},
        {"name": "future", "value": "000"},
    ]
    german = {**PROFILE["legal_entities"]["DE01"], "segments": chart}
    american = {
        **german,
        "name": "Muster Inc.",
        "currency": "USD",
        "source_chart": "US Chart",
        "target": US,
        "ledger": "US Ledger",
        "business_unit": "US Operations",
    }
    return {
        **PROFILE,
        "systems": {**PROFILE["systems"], US: PROFILE["systems"][TARGET]},
        "legal_entities": {"DE01": german, "US01": american},
        "people": PEOPLE,
        "schedules": {"orders": {"system": SOURCE, "entities": ["purchase_order"], "every": "PT4H"}},
    }


def workspace(folder: Path, more: Mapping[str, str] | None = None) -> Workspace:
    """Make the workspace: seven orders wait for four missing values, one change is decided, two wait. `more`: further files of
    its layer."""
    made = create_workspace(folder, layers=("own",), name="test")
    layer = made.path / "profiles" / "own"
    (layer / "mappings").mkdir(parents=True)
    (layer / "profile.toml").write_text(tomlkit.dumps(_settings()), encoding="utf-8")
    for name, rows in OWN.items():
        (layer / "mappings" / f"{name}.csv").write_text(files.csv_text(rows), encoding="utf-8")
    for name, text in (more or {}).items():
        (layer / name).parent.mkdir(exist_ok=True)
        (layer / name).write_text(text, encoding="utf-8")
    clock = VirtualClock(MONDAY)
    with open_store(made.store_path, clock, durable=False) as store:
        _read_in(store)
    asyncio.run(_settled(made, clock))
    with open_store(made.store_path, VirtualClock(MONDAY + timedelta(hours=2)), durable=False) as store:
        _agreed(store, made)
    asyncio.run(_settled(made, VirtualClock(NOW)))
    return made


def keys(folder: Path, *names: str) -> Path:
    """Keep the keys of these people where a headless session looks for them."""
    import base64

    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"people.{name}").write_text(base64.b64encode(a_key(name).private_bytes_raw()).decode())
    return folder


def an_app(found: Workspace, who: str = "maria", **changes: Any) -> FinsyncApp:
    """The workbench as somebody of the company opens it."""
    return FinsyncApp(
        found.store_path, VirtualClock(MACHINE_NOW), actions.Actor(who, "tui"), workspace=found, **changes
    )


async def _settled(made: Workspace, clock: VirtualClock) -> None:
    async with open_engine(made, clock, lambda *_: {}) as engine:
        await engine.settle()


def _put(store: Store, system: str, external_id: str, record: CanonicalRecord) -> None:
    with store.transaction() as db:
        incoming = records.Incoming(external_id, record, record.canonical_json())
        records.put_page(db, record.entity, system, [incoming], MONDAY)


def _read_in(store: Store) -> None:
    for system, unit in ((TARGET, "DE Operations"), (US, "US Operations")):
        site = SupplierSite(external_id="71", code="MAIN", business_unit=unit)
        _put(store, system, "900", a_supplier(sites=(site,)))
        for number, name in ERP_CENTRES.items():
            _put(store, system, f"cc{number}", a_cost_centre(number=number, name=name))
            number = f"01-{number}-7110-0000-000"
            _put(store, system, f"ac{number}", an_account_combination(number=number))
    _put(store, SOURCE, "501", a_supplier(sites=()))
    for place, (number, centre, amount, company) in enumerate(ORDERS):
        currency = "EUR" if company == "DE01" else "USD"
        line = an_order_line(amount, currency)
        share = line.distributions[0].model_copy(
            update={
                "account": f"01-{centre}-7110",
                "segments": ("01", centre, "7110"),
                "chart": f"{company[:2]} Chart",
            }
        )
        order = a_purchase_order(
            number=number,
            currency=currency,
            lines=(line.model_copy(update={"distributions": (share,)}),),
            business_unit=company,
        )
        _put(store, SOURCE, f"{4711 + place}", order)
        event = Event(
            id=number,
            type=event_type("purchase_order", "approved"),
            source=SOURCE,
            subject=f"{SOURCE}:{4711 + place}",
            time=MONDAY,
            data={},
        )
        with store.transaction() as db:
            events.append(db, [event])


def _agreed(store: Store, made: Workspace) -> None:
    """Maria and Tom bring the table under the rule of two; later Tom proposes two changes that wait."""
    profile = profiles.load(made)
    maria, tom = (actions.acting(profile, "cli", os_account=name) for name in ("maria", "tom"))

    def propose(who: actions.Actor, table: str, rows: tuple[MappingRow, ...], reason: str) -> int:
        signer = a_signer(who.name)
        return actions.propose_mapping(store, profile, who, table, rows, reason, signer=signer).proposal

    first = propose(maria, TABLE, (*OWN[TABLE], a_row("440", "=")), "logistics moved to Hamburg")
    actions.approve_mapping(store, profile, tom, first, a_signer("tom"), "checked with the controller")
    propose(
        tom,
        TABLE,
        (*OWN[TABLE], a_row("440", "="), a_row("CC415", "415", scope="DE01")),
        "fairs are booked on 415",
    )
    wrong = propose(maria, "account", OWN["account"][:1], "we do not need the rest")
    actions.reject_mapping(store, tom, wrong, "72* is still needed for travel")
    propose(
        maria,
        "tax_code",
        (OWN["tax_code"][0], a_row("DE07", "VST07A", scope="DE01", valid_from="2026-02-01")),
        "the reduced rate gets a code of its own in February",
    )
