"""A hand behind finsync's back: changes what the simulated systems hold, as people do, and remembers what it did.

The list stays in the world's process and with the judge: an engine has no token that opens it. Every change is one that a
person could make in the real system, under a login that is not finsync's, and none leaves a document that can't be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from decimal import Decimal
from random import Random
from typing import Any, Final, Literal

from adapters.oracle_fusion.simulator_rows import Row
from adapters.oracle_fusion.simulator_world import World as Pod
from finsync_tui.rehearse.planted import SOURCE
from finsync_tui.rehearse.systems import Systems

Kind = Literal[
    "changed amount",
    "deleted invoice",
    "doubled payment",
    "second payment",
    "flipped status",
    "swapped supplier",
    "moved account",
    "unpaid again",
    "paid less",
]
KINDS: Final[tuple[Kind, ...]] = (
    "changed amount",
    "deleted invoice",
    "doubled payment",
    "second payment",
    "flipped status",
    "swapped supplier",
    "moved account",
    "unpaid again",
    "paid less",
)
EDITOR: Final = "night.shift"
"""A login of the systems that is nobody's we know."""
STEP: Final = Decimal("10.00")
_MARK: Final = re.compile(rf"{SOURCE}:\d+(?= \| |$)")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change that nobody told finsync of, and what a reconciliation has to say about it."""

    kind: Kind
    system: str
    document_key: str
    """Of the document at its source, as finsync names it."""
    number: str
    definition: str
    """Which comparison has to find it."""
    class_: str
    """The class it has to have."""
    also: Sequence[str] = ()
    """Other comparisons that are right to see it, too."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def edit(systems: Systems, seed: int, each: int = 1) -> list[Edit]:
    """Make `each` changes of every kind, chosen by the seed, each on a document of its own."""
    random = Random(seed)  # noqa: S311  (a seed, no secret)
    free = list(_posted(systems))
    random.shuffle(free)
    done: list[Edit] = []
    for kind in KINDS:
        for _ in range(each):
            place = next((n for n, one in enumerate(free) if _suits(kind, systems, one)), None)
            if place is not None:
                done.append(_make(kind, systems, free.pop(place)))
    return done


@dataclass(frozen=True, slots=True)
class _Posted:
    """One invoice of the procurement system as an ERP holds it."""

    system: str
    pod: Pod
    row: Row
    document_key: str


def _posted(systems: Systems) -> Iterator[_Posted]:
    """Yield the validated invoices in a fixed order."""
    for system, erp in sorted(systems.erps.items()):
        for row in sorted(erp.world.tables["invoices"], key=lambda one: str(one.id)):
            mark = _MARK.match(str(row.data["Description"] or ""))
            if mark and row.data["ValidationStatus"] == "Validated" and not row.data["CanceledFlag"]:
                yield _Posted(system, erp.world, row, mark[0])


def _suits(kind: Kind, systems: Systems, one: _Posted) -> bool:
    if kind in ("doubled payment", "second payment"):
        return bool(_payments(systems, one))
    if kind == "paid less":
        return _cuttable(one) is not None
    if kind == "unpaid again":
        return bool(_source(systems, one)["paid"]) and one.row.data["PaidStatus"] == "Paid"
    if kind == "swapped supplier":
        return _other_supplier(one) is not None
    if kind == "moved account":
        return _own_part(one) is not None and _other_account(one) is not None
    return True


def _make(kind: Kind, systems: Systems, one: _Posted) -> Edit:
    number = str(one.row.data["InvoiceNumber"])
    if kind == "doubled payment":
        _double_payment(systems, one)
        return Edit(kind, SOURCE, one.document_key, number, "payments", "duplicate")
    if kind == "second payment":
        _pay_again(systems, one)
        return Edit(
            kind, one.system, one.document_key, number, "invoice_payments", "duplicate", ("payments",)
        )
    if kind == "unpaid again":
        systems.coupa.put("invoices", {**_source(systems, one), "paid": False}, by=EDITOR)
        return Edit(kind, SOURCE, one.document_key, number, "paid_invoices", "manual_change")
    if kind == "paid less":
        _cut_payment(systems, one)
        # The source is told of it as soon as the engine has read it: until then it is a matter of time.
        return Edit(kind, one.system, one.document_key, number, "payments", "timing", ("paid_invoices",))
    acts: dict[Kind, Callable[[_Posted], None]] = {
        "changed amount": _change_amount,
        "deleted invoice": _delete,
        "flipped status": _flip,
        "swapped supplier": _swap_supplier,
        "moved account": _move_account,
    }
    acts[kind](one)
    if kind == "moved account":
        return Edit(kind, one.system, one.document_key, number, "invoice_accounts", "manual_change")
    also = {
        "flipped status": ("invoice_payments",),  # what is paid and cancelled afterwards was paid for nothing
        "changed amount": ("invoice_accounts",),  # somebody bears it
    }.get(kind, ())
    return Edit(kind, one.system, one.document_key, number, "invoices", "manual_change", also)


def _change_amount(one: _Posted) -> None:
    """Header, first line and its first distribution, so that the invoice still adds up."""
    line = one.row.of("invoiceLines")[0]
    one.row.data["InvoiceAmount"] = _plus(one.row.data["InvoiceAmount"])
    line.data["LineAmount"] = _plus(line.data["LineAmount"])
    for part in line.of("invoiceDistributions")[:1]:
        part.data["DistributionAmount"] = _plus(part.data["DistributionAmount"])
    _keep(one)


def _delete(one: _Posted) -> None:
    one.pod.tables["invoices"].remove(one.row)


def _flip(one: _Posted) -> None:
    one.row.data |= {"ValidationStatus": "Canceled", "CanceledFlag": True, "CanceledBy": EDITOR}
    _keep(one)


def _move_account(one: _Posted) -> None:
    """Another account bears a part of a line that is matched to no order; no amount changes."""
    part, other = _own_part(one), _other_account(one)
    assert part is not None, "only invoices that an account bears are chosen"
    assert other is not None, "only invoices with another account to go to are chosen"
    part.data["DistributionCombination"] = other
    _keep(one)


def _own_part(one: _Posted) -> Row | None:
    """Return what an account bears of a line that no order does."""
    return next((part for line in _unmatched(one.row) for part in line.of("invoiceDistributions")), None)


def _other_account(one: _Posted) -> str | None:
    """Return an account that bears lines of another invoice of the same business unit, and none of this one's."""
    rows = sorted(one.pod.tables["invoices"], key=lambda row: str(row.id))
    used = {
        str(part.data["DistributionCombination"])
        for line in _unmatched(one.row)
        for part in line.of("invoiceDistributions")
    }
    found = (
        str(part.data["DistributionCombination"])
        for row in rows
        if row.data["BusinessUnit"] == one.row.data["BusinessUnit"]
        for line in _unmatched(row)
        for part in line.of("invoiceDistributions")
    )
    return next((account for account in found if account not in used), None)


def _unmatched(row: Row) -> list[Row]:
    return [line for line in row.of("invoiceLines") if line.data["PurchaseOrderNumber"] is None]


def _swap_supplier(one: _Posted) -> None:
    other = _other_supplier(one)
    assert other is not None, "only invoices with somebody else to owe it to are chosen"
    one.row.data |= {name: other.data[name] for name in ("Supplier", "SupplierNumber", "SupplierSite")}
    _keep(one)


def _other_supplier(one: _Posted) -> Row | None:
    """Return an invoice of the same business unit from somebody else."""
    rows = sorted(one.pod.tables["invoices"], key=lambda row: str(row.id))
    return next(
        (
            row
            for row in rows
            if row.data["BusinessUnit"] == one.row.data["BusinessUnit"]
            and row.data["SupplierNumber"] != one.row.data["SupplierNumber"]
            and _MARK.match(str(row.data["Description"] or ""))
        ),
        None,
    )


def _double_payment(systems: Systems, one: _Posted) -> None:
    """The procurement system is told of the last payment a second time."""
    invoice = _source(systems, one)
    payments = _payments(systems, one)
    second = deepcopy(payments[-1]) | {"id": max(int(row["id"]) for row in payments) + 900_000}
    systems.coupa.put("invoices", {**invoice, "payments": [*payments, second]}, by=EDITOR)


def _pay_again(systems: Systems, one: _Posted) -> None:
    """The ERP pays once more what it has paid, under another number; nobody has told the procurement system of it yet."""
    amount = Decimal(str(_payments(systems, one)[-1]["amount-paid"]))
    now = one.pod.now()
    systems.erps[one.system].finance.payments.pay([(one.row, amount)], now, now.date())


def _cut_payment(systems: Systems, one: _Posted) -> None:
    """The ERP's payment settles less than it did; the procurement system was told of all of it."""
    row = _cuttable(one)
    assert row is not None, "only invoices with a live payment are chosen"
    systems.erps[one.system].finance.payments.change(row, one.row, -STEP, one.pod.now())


def _cuttable(one: _Posted) -> Row | None:
    """Return a payment in force of this invoice alone that is larger than what is cut."""
    for row in sorted(one.pod.tables["payablesPayments"], key=lambda row: str(row.id)):
        related = row.of("relatedInvoices")
        is_its_own = {part.data["InvoiceId"] for part in related} == {one.row.id} and len(related) == 1
        if is_its_own and row.data["VoidDate"] is None and Decimal(str(row.data["PaymentAmount"])) > STEP:
            return row
    return None


def _source(systems: Systems, one: _Posted) -> dict[str, Any]:
    wanted = one.document_key.partition(":")[2]
    return next(row for row in systems.coupa.documents("invoices") if str(row["id"]) == wanted)


def _payments(systems: Systems, one: _Posted) -> list[dict[str, Any]]:
    found = _source(systems, one).get("payments") or []
    return [dict(row) for row in found]


def _plus(value: object) -> Decimal:
    return Decimal(str(value)) + STEP


def _keep(one: _Posted) -> None:
    one.row.data["LastUpdatedBy"] = EDITOR
    one.row.touch(one.pod.now())
    one.pod.tables["invoices"].put(one.row)
