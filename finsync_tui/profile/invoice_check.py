"""What is wrong with the way a profile has supplier invoices and receipts posted, found offline."""

from __future__ import annotations

from collections.abc import Iterator

from finsync_tui.profile.invoice import InvoiceSetup
from finsync_tui.profile.model import LegalEntitySetup, Profile
from finsync_tui.profile.problem import Problem

FLOW = "invoice_to_payment"
RECEIPTS = "goods_receipt"
ORDERS = "requisition_to_pay"
TAX_TABLE = "tax_account"
OWED_TABLE = "owed_tax_account"
BALANCE_SEGMENTS = 3
"""Company, cost centre, account: what is known of a line of the balance sheet, in the order of the source's account."""


def invoice_problems(profile: Profile) -> Iterator[Problem]:
    """Yield what does not fit together, company by company and between flows."""
    found = {number: setup for number, setup in profile.legal_entities.items() if setup.invoice is not None}
    for name in (FLOW, RECEIPTS):
        flow = profile.flows.get(name)
        if flow is not None and flow.is_enabled and not found:
            yield Problem(
                f"flows.{name}",
                "no company says how its invoices are posted",
                "Add an `invoice` table to a legal entity (docs/connect.md), or set is_enabled = false.",
            )
    if not _is_on(profile, FLOW):
        return
    for number, setup in found.items():
        assert setup.invoice is not None
        yield from _segments(setup, setup.invoice, f"legal_entities.{number}.invoice")
        yield from _flows(profile, setup.invoice, f"legal_entities.{number}.invoice")
    if found and TAX_TABLE not in profile.mappings:
        yield Problem(
            f"mappings.{TAX_TABLE}",
            f"there is no mapping table {TAX_TABLE!r}: tax that comes back has no account",
            f"Add mappings/{TAX_TABLE}.csv to a layer, with rows for COUNTRY/TAX CODE.",
        )
    posting = [
        f"{code}.{name}"
        for code, rules in sorted(profile.tax.countries.items())
        for name, is_posted in (("own_loss", rules.own_loss), ("use_tax", rules.use_tax))
        if is_posted == "post"
    ]
    if found and posting and OWED_TABLE not in profile.mappings:
        yield Problem(
            f"tax.countries.{posting[0]}",
            f"there is no mapping table {OWED_TABLE!r}: tax that the buyer owes has no account",
            f"Add mappings/{OWED_TABLE}.csv to a layer, with rows for COUNTRY/TAX CODE, or leave it to the ERP.",
        )


def _is_on(profile: Profile, name: str) -> bool:
    flow = profile.flows.get(name)
    return flow is not None and flow.is_enabled


def _segments(setup: LegalEntitySetup, invoice: InvoiceSetup, place: str) -> Iterator[Problem]:
    segments = {segment.name: segment for segment in setup.segments}
    names = ", ".join(segments) or "none"
    for key in ("cost_centre_segment", "account_segment"):
        name = getattr(invoice, key)
        if name not in segments:
            yield Problem(f"{place}.{key}", f"there is no segment {name!r}", f"Segments: {names}.")
        elif segments[name].value is not None:
            yield Problem(
                f"{place}.{key}",
                f"segment {name!r} has a fixed value, so every line would get the same",
                "Let it come `from` the source's account.",
            )
    for segment in setup.segments:
        if segment.source is not None and segment.source > BALANCE_SEGMENTS:
            yield Problem(
                f"{place}.account_segment",
                f"tax and freight have a company, a cost centre and an account, but nothing for segment {segment.name!r}",
                f"Give segment {segment.name!r} a fixed value, or put these three first in the source's account.",
            )


def _flows(profile: Profile, invoice: InvoiceSetup, place: str) -> Iterator[Problem]:
    if not _is_on(profile, ORDERS):
        yield Problem(
            f"flows.{FLOW}",
            "invoices are matched with the ERP's own orders, and no flow makes any",
            f"Switch flows.{ORDERS} on, or let no company have an `invoice` table.",
        )
    elif profile.flows[ORDERS].source != profile.flows[FLOW].source:
        yield Problem(
            f"flows.{FLOW}.source",
            "its invoices come from another system than the orders they name",
            f"Name {profile.flows[ORDERS].source!r}.",
        )
    if invoice.posts_receipts and not _is_on(profile, RECEIPTS):
        yield Problem(
            f"{place}.posts_receipts",
            f"receipts are to be posted, and flows.{RECEIPTS} is off: a three-way match in the ERP would hold every invoice",
            f"Switch flows.{RECEIPTS} on, or set posts_receipts = false.",
        )
