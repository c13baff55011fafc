"""A company with people whose books have a supplier twice, a merge that waits, and bank details that were changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import tomlkit

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.settings import Workspace
from finsync_tui.suppliers import golden, sweeping
from store import crossrefs, records, workflows
from store.canonical.supplier import SupplierAddress, SupplierBankAccount
from store.clock import VirtualClock
from store.database import Store, open_store
from tests.builders import a_supplier
from tests.finsync_tui.governance.council import PEOPLE, a_signer
from tests.finsync_tui.screens import filled_store
from tests.finsync_tui.screens.filled_store import NOW

HULL = SupplierAddress(street="1 Dock Street", postcode="HU1 1AA", town="Hull", country="GB")
BERLIN = SupplierAddress(street="Hafenweg 3", postcode="10115", town="Berlin", country="DE")
BOOKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("coupa:1", {"name": "Harbour Paper Ltd", "address": HULL}),
    ("coupa:2", {"name": "HARBOUR PAPER LIMITED", "address": HULL}),
    ("oracle-emea:9", {"name": "Harbour Paper Ltd", "address": HULL}),
    ("coupa:5", {"name": "Muster Werkzeuge GmbH", "address": BERLIN, "country": "DE"}),
    ("coupa:6", {"name": "Muster Werkzeug GmbH", "address": BERLIN, "country": "DE"}),
    ("coupa:7", {"name": "Evil \x1b[2J[b]Ltd", "address": HULL, "status": "on_hold"}),
)


def workspace(path: Path, folder: Path) -> Workspace:
    """Make the workspace: maria has proposed to merge the Berlin twins; two changes of bank details wait."""
    made = filled_store.workspace(path, folder)
    layer = folder / "profiles" / "own" / "profile.toml"
    layer.write_text(
        layer.read_text(encoding="utf-8") + "\n" + tomlkit.dumps({"people": PEOPLE}), encoding="utf-8"
    )
    profile = profiles.load(made)
    with open_store(made.store_path, VirtualClock(NOW), durable=False) as store:
        for key, fields in BOOKS:
            put(store, key, fields)
        with store.transaction() as db:
            crossrefs.link(db, "supplier", "coupa:1", "oracle-emea", "9", why="created", linked_at=NOW)
        sweeping.sweep(store, profile.suppliers.thresholds, NOW)
        golden.consolidate(store, profile, NOW)
        for number, hours, holder in (("3000", 30, "coupa:1"), ("2051", 3, "coupa:5")):
            _bank_change(store, number, hours, holder)
        maria = actions.acting(profile, "cli", os_account="maria")
        signer = a_signer("maria")
        actions.merge_suppliers(store, profile, maria, "coupa:5", "coupa:6", "one tax number", signer)
        (change,) = store.db.execute("SELECT min(id) FROM v_bank_change").fetchone()
        actions.confirm_bank_change(
            store, profile, maria, change, "called Ms Berg on the number of 2024", signer
        )
    return made


def put(store: Store, key: str, fields: dict[str, Any]) -> None:
    system, _, external_id = key.partition(":")
    given = {"number": f"N{external_id}", "country": "GB", "tax_registrations": (), "sites": ()} | fields
    record = a_supplier(**given)
    with store.transaction() as db:
        records.put_page(
            db, "supplier", system, [records.Incoming(external_id, record, record.canonical_json())], NOW
        )


def _bank_change(store: Store, last: str, hours: int, holder: str) -> None:
    external_id = f"a{last}"
    account = SupplierBankAccount(
        number=external_id, supplier_id=holder.partition(":")[2], fingerprint=last * 16, masked=f"GB…{last}"
    )
    plans = [{"supplier": "oracle-emea:9", "adds": True, "ends": ["77"], "old": ["GB…1111"]}]
    with store.transaction() as db:
        incoming = records.Incoming(external_id, account, account.canonical_json())
        records.put_page(db, "supplier_bank_account", "coupa", [incoming], NOW)
        workflows.start(
            db, flow="supplier_bank_change", kind="change", entity="supplier_bank_account",
            document_key=f"coupa:{external_id}", document_number=f"GB…{last}", document_version=1, document_revision="",
            step="await_approval", state="held", data={"supplier": holder, "plans": plans},
            now=NOW - timedelta(hours=hours),
        )  # fmt: skip
        workflows.start(
            db, flow="invoice_to_payment", kind="create", entity="invoice", document_key=f"coupa:9{last}",
            document_number=f"INV-{last}", document_version=1, document_revision="", step="await_payment", state="waiting",
            target="oracle-emea", amount_minor=120_450, currency="EUR", data={"supplier_id": "9"}, now=NOW,
        )  # fmt: skip
