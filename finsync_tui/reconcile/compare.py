"""What differs between what we believe and what a system holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from store.canonical.budget import Commitment
from store.canonical.journal import JournalEntry
from store.canonical.money import by_bearer
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs, in words a person compares."""

    field: str
    expected: str
    found: str


def commitment_differences(expected: Commitment, found: PurchaseOrder) -> list[Difference]:
    """Return where the ERP's order is not the commitment we asked for."""
    live = [line for line in found.lines if not line.is_cancelled]
    pairs = [
        ("marker", expected.marker, found.reference or ""),
        ("currency", expected.currency, found.currency),
        ("total", str(expected.total), str(found.total)),
        ("supplier", expected.supplier_id, found.supplier_id or ""),
        ("lines", str(len(expected.lines)), str(len(live))),
    ]
    differences = [Difference(name, want, have) for name, want, have in pairs if want != have]
    theirs = {line.number: line for line in live}
    for line in expected.lines:
        twin = theirs.get(line.number)
        if twin is None:
            differences.append(Difference(f"line {line.number}", str(line.amount), "missing"))
            continue
        if twin.amount != line.amount:
            differences.append(Difference(f"line {line.number} amount", str(line.amount), str(twin.amount)))
        want_accounts = by_bearer((d.charge_account, d.amount) for d in line.distributions)
        have_accounts = by_bearer((d.account, d.amount) for d in twin.distributions)
        if want_accounts != have_accounts:
            differences.append(
                Difference(f"line {line.number} accounts", ", ".join(want_accounts), ", ".join(have_accounts))
            )
    return differences


def write_back_differences(expected: Mapping[str, str], found: PurchaseOrder) -> list[Difference]:
    """Return which written-back fields the source does not show."""
    shown = {"erp_number": found.target_number or "", "erp_status": found.target_status or ""}
    return [
        Difference(name, want, shown.get(name, ""))
        for name, want in expected.items()
        if shown.get(name, "") != want
    ]


def invoice_differences(expected: Invoice, found: Invoice) -> list[Difference]:
    """Return where the ERP's invoice is not the one we asked for. An ERP may regroup lines: what counts is who bears what."""
    pairs = [
        ("number", expected.number, found.number),
        ("currency", expected.currency, found.currency),
        ("total", str(expected.total), str(found.total)),
        ("payee", expected.supplier_number or "", found.supplier_number or ""),
    ]
    if found.status == "cancelled":
        return [Difference("status", "in force", "cancelled")]
    differences = [Difference(name, want, have) for name, want, have in pairs if want != have]
    if expected.charges != found.charges:
        differences.append(Difference("accounts", ", ".join(expected.charges), ", ".join(found.charges)))
    return differences


def journal_differences(expected: JournalEntry, found: JournalEntry) -> list[Difference]:
    """Return where the ERP's journal is not the one we asked for, account by account."""
    if found.status in ("failed", "reversed"):
        return [Difference("status", "posted", found.status)]
    pairs = [("ledger", expected.ledger, found.ledger), ("currency", expected.currency, found.currency)]
    differences = [Difference(name, want, have) for name, want, have in pairs if want != have]
    if expected.charges != found.charges:
        differences.append(Difference("accounts", ", ".join(expected.charges), ", ".join(found.charges)))
    return differences
