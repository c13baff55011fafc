"""An invoice that people entered in an ERP by hand, whose supplier has a bank account there that nobody has agreed on: no process
here is about it, so nothing holds its payment, and it is said.
"""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection

from finsync_tui.flows import supplier_bank_waiting
from finsync_tui.flows.invoice import doubles_there, payees
from store import findings
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice


def note(db: Connection, subject: str, now: datetime) -> None:
    """Say so of an invoice that is not paid yet, once for each account that is asked about."""
    key = RecordKey.parse(subject)
    own = doubles_there.typed(db, key.system, key.external_id)
    if own is None or own.paid_status == "paid":
        return
    for supplier in payees.suppliers_of(db, key.system, own):
        waits = supplier_bank_waiting.waiting(db, f"{key.system}:{supplier.external_id}")
        if waits is None:
            continue
        message = (
            f"invoice {own.number} was entered in {key.system} by hand, and a bank account of its supplier there was entered that "
            f"nobody has agreed on (change {waits}): nothing holds its payment; have it stopped in {key.system} until two have agreed"
        )
        known = (one.message for one in findings.of_document(db, subject))
        if message not in known:
            found = findings.Finding(
                class_="BANK_DETAILS_CHANGING", severity="warn", system=key.system, message=message, noticed_at=now,
                entity=Invoice.entity, document_key=subject, document_number=own.number,
                detail={"change": waits, "supplier": f"{key.system}:{supplier.external_id}"},
            )  # fmt: skip
            findings.append(db, [found])
