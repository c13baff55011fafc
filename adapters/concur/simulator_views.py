"""What became of documents and reports, for comparison: plain values with decimals and instants."""

from __future__ import annotations

from decimal import Decimal

from adapters.concur.simulator_build import leaves
from adapters.concur.simulator_state import FisDocument, Report
from adapters.concur.simulator_world import World
from adapters.simulation import Document


def document_view(document: FisDocument) -> Document:
    """Return one financial document: ids, status, system, confirmations with the ERP's numbers, payments."""
    return {
        "id": document.id,
        "report_id": document.about_id,
        "doc_type": document.doc_type,
        "status": document.status,
        "system": document.system,
        "made_at": document.made_at,
        "acknowledged_at": document.acknowledged_at,
        "confirmations": [
            {
                "at": one.at,
                "is_success": one.is_success,
                "numbers": [posted.get("documentNumber") for posted in one.documents],
                "documents": one.documents,
                "messages": one.messages,
            }
            for one in document.postings
        ],
        "payments": [
            {
                "at": one.at,
                "status": one.status,
                "reference": one.reference,
                "amount": one.amount,
                "currency": one.currency,
                "document_number": one.document_number,
                "message": one.message,
            }
            for one in document.payments
        ],
    }


def report_view(world: World, report: Report) -> Document:
    """Return one report: whose it is, where it stands, what it is worth, who decided."""
    posted = leaves(report.entries)
    return {
        "id": report.id,
        "number": report.number,
        "name": report.name,
        "owner": world.state.users[report.owner_id].login,
        "currency": report.currency,
        "ledger": report.ledger,
        "country": report.country,
        "is_test": report.is_test,
        "approval_status": report.approval,
        "payment_status": report.payment,
        "total": sum((one.posted for one in posted), Decimal(0)),
        "approved": sum((one.approved for one in posted), Decimal(0)),
        "paid": report.paid_amount,
        "submitted_at": report.submitted_at,
        "modified_at": report.modified_at,
        "decisions": [
            {"step": one.step, "action": one.action, "by": one.by, "at": one.at} for one in report.decisions
        ],
        "comments": [one.text for one in report.comments],
        "exceptions": [one.code for one in report.exceptions],
        "document_ids": [one.id for one in world.documents_about(report.id)],
    }
