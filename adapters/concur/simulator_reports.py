"""What happens to reports inside Concur: created, submitted, approved step by step, sent back, recalled, paid.

| state | codes | what comes next |
| --- | --- | --- |
| draft | A_NOTF, P_NOTP | submit |
| in the workflow | A_PEND, A_PECO, A_PBDG, A_EXTV, A_ACCO; P_NOTP | approve (a step), send back, recall |
| final approved | A_APPR, P_PROC; a financial document is READY | acknowledge, confirm, recall |
| posted | A_APPR, P_PAID | payment |
| paid | A_APPR, P_PAYC | nothing, unless reversed |
| posting failed | A_APPR, the code that settings name | recall |
| returned | A_RESU, P_NOTP | submit again: a new document, the same report id |
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.concur.simulator_body import expense_body
from adapters.concur.simulator_build import build_entries
from adapters.concur.simulator_money import check_decimals, encode
from adapters.concur.simulator_plan import ReportPlan
from adapters.concur.simulator_state import (
    AdvanceShare,
    Comment,
    Decision,
    FisDocument,
    Report,
    User,
)
from adapters.concur.simulator_world import World, zulu
from adapters.simulation import Document

SPEND_USER: Final = "urn:ietf:params:scim:schemas:extension:spend:2.0:User"
SPEND_APPROVER: Final = "urn:ietf:params:scim:schemas:extension:spend:2.0:Approver"
STEP_STATUS: Final = {
    "manager": "A_PEND",
    "cost_object": "A_PECO",
    "budget": "A_PBDG",
    "validation": "A_EXTV",
    "processor": "A_ACCO",
}
EVENT_PREFIXES: Final = {
    "requestobligation": "requestObligation",
    "reportobligation": "reportObligation",
}


class ReportDesk:
    """Moves reports through their life, and makes a financial document of each final approval."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, plan: ReportPlan) -> Report:
        world = self._world
        owner = world.user_at(plan.employee)
        spend = owner.spend.get(SPEND_USER, {})
        currency = plan.currency or spend["reimbursementCurrency"]
        country = plan.country or spend["country"]
        for one in plan.advances:
            check_decimals(one.amount, currency, "the advance")
        now = world.now()
        report = Report(
            id=plan.report_id or world.report_id(),
            number=world.report_number(),
            key=world.count("report key"),
            name=plan.name,
            purpose=plan.purpose,
            owner_id=owner.id,
            currency=currency,
            ledger=plan.ledger or spend.get("ledgerCode") or "DEFAULT",
            country=country,
            policy=plan.policy,
            codes=dict(plan.codes) or _own_units(owner),
            dated=plan.dated or now.date(),
            is_test=plan.is_test or bool(spend.get("testEmployee")),
            has_total=plan.has_total,
            entries=build_entries(world, plan, currency, country),
            advances=_advances(plan),
            created_at=now,
            modified_at=now,
        )
        world.state.reports[report.id] = report
        world.emit(
            "reportCreated",
            "public.concur.expense.report",
            world.company_uuid,
            self._facts(report),
        )
        return report

    def replace(self, report: Report, plan: ReportPlan) -> None:
        """Let the owner rewrite a report that is theirs again."""
        self._check_editable(report)
        report.name = plan.name
        report.purpose = plan.purpose
        report.entries = build_entries(self._world, plan, report.currency, report.country)
        report.advances = _advances(plan)
        if plan.codes:
            report.codes = dict(plan.codes)
        self.touch(report)

    def submit(self, report: Report) -> None:
        self._check_editable(report)
        before = (report.approval, report.payment)
        now = self._world.now()
        report.submitted_at = now
        report.is_sent_back = False
        report.step = 0
        report.decisions.append(Decision("submit", "submitted", self._login(report.owner_id), now))
        self._enter(report)
        self._moved(report, before, None, report.owner_id)

    def approve_step(self, report: Report, by: str | None, comment: str | None = None) -> None:
        """Take the step that a report stands in; after the last one it is final approved."""
        step = self.step_of(report)
        if step is None:
            raise ValueError(f"report {report.id} waits for nobody: it is {report.approval}")
        before = (report.approval, report.payment)
        now = self._world.now()
        if by is None and step != "validation":
            by = self._login(report.approver_id) if report.approver_id else None
        report.decisions.append(Decision(step, "approved", by, now, comment))
        approver = self._world.find_user(by) if by else None
        if approver is not None and step != "processor":
            report.last_approver_id = approver.id
        if comment:
            self.add_comment(report, comment, approver.id if approver else None)
        assert report.step is not None
        report.step += 1
        if report.step >= len(self._world.settings.workflow):
            self._finish(report)
        else:
            self._enter(report)
        self._moved(report, before, self._step_code(step), approver.id if approver else None)

    def approve_all(self, report: Report, by: str | None = None) -> None:
        """Approve whatever is left."""
        while self.step_of(report) is not None:
            self.approve_step(report, by)

    def send_back(self, report: Report, by: str | None, comment: str) -> None:
        step = self.step_of(report)
        if step is None:
            raise ValueError(f"report {report.id} waits for nobody: it is {report.approval}")
        before = (report.approval, report.payment)
        author = self._world.find_user(by) if by else None
        report.decisions.append(Decision(step, "sent back", by, self._world.now(), comment))
        report.was_sent_back = report.is_sent_back = True
        self.add_comment(report, comment, author.id if author else None)
        self._return(report)
        self._moved(report, before, "SENDBACK", author.id if author else None)

    def recall(self, report: Report, by: str | None = None) -> None:
        """Take a report back: by its owner from the workflow, by a processor after the final approval."""
        if report.payment in ("P_PAID", "P_PAYC") or report.approval in ("A_NOTF", "A_RESU"):
            raise ValueError(
                f"report {report.id} cannot be recalled: it is {report.approval}, {report.payment}"
            )
        for document in self._world.documents_about(report.id):
            if document.doc_type != "expense":
                continue
            if document.status == "ACKNOWLEDGED" and self._world.settings.acknowledgement_locks:
                raise ValueError(f"report {report.id} is acknowledged: it cannot be recalled any more")
            if document.status in ("READY", "ACKNOWLEDGED", "DELAYED"):
                self._world.set_document_status(document, "RECALLED")
        before = (report.approval, report.payment)
        report.decisions.append(Decision("recall", "recalled", by, self._world.now()))
        self._return(report)
        self._moved(report, before, "RECALL", None)

    def set_payment(self, report: Report, payment: str, paid: Decimal | None = None) -> None:
        """Note what the accounting side said."""
        before = (report.approval, report.payment)
        now = self._world.now()
        report.payment = payment
        if payment == "P_PAID" and report.paid_at is None:
            report.paid_at = now
        if paid is not None:
            report.paid_amount = paid
        self._moved(report, before, "PAIDREPORT" if payment == "P_PAYC" else None, None)

    def step_of(self, report: Report) -> str | None:
        """Return the step that a report waits in."""
        if report.step is None or report.step >= len(self._world.settings.workflow):
            return None
        return self._world.settings.workflow[report.step]

    def add_comment(
        self, report: Report, text: str, author_id: str | None, expense_id: str | None = None
    ) -> Comment:
        comment = Comment(self._world.guid("comment"), text, author_id, self._world.now(), expense_id)
        report.comments.append(comment)
        return comment

    def touch(self, report: Report) -> None:
        """Note a change of the header."""
        report.version += 1
        report.modified_at = self._world.now()

    def make_document(self, doc_type: str, about_id: str, body: Document) -> FisDocument:
        """Put a new financial document into the queue, and say so."""
        world = self._world
        document = FisDocument(
            id=world.hex32("document"),
            sequence=world.count("document sequence"),
            doc_type=doc_type,
            about_id=about_id,
            status="READY",
            body=encode(body).decode(),
            company_id=world.settings.company_id,
            entity_id=world.settings.entity_id,
            company_uuid=world.company_uuid,
            made_at=world.now(),
        )
        world.keep_document(document)
        self.announce(document)
        return document

    def announce(self, document: FisDocument) -> None:
        world = self._world
        entity = document.entity_id or world.settings.entity_id
        path = f"/financialintegration/fi/v4/companies/transactiontypes/{document.doc_type}/transactions"
        world.emit(
            f"{EVENT_PREFIXES.get(document.doc_type, document.doc_type)}.readyForIntegration",
            "public.concur.financialintegration",
            entity,
            {
                "companyId": world.company_uuid,
                "documentId": document.about_id,
                "entityId": entity,
                "href": f"{world.base}{path}?docId={document.about_id}",
            },
        )

    # -- helpers -------------------------------------------------------------------------------------

    def _check_editable(self, report: Report) -> None:
        if report.approval not in ("A_NOTF", "A_RESU"):
            raise ValueError(f"report {report.id} is not its owner's: it is {report.approval}")

    def _enter(self, report: Report) -> None:
        step = self.step_of(report)
        assert step is not None
        report.approval = STEP_STATUS[step]
        report.payment = "P_NOTP"
        report.approver_id = None
        if step in ("manager", "cost_object", "budget"):
            report.approver_id = self._approver_of(self._world.state.users[report.owner_id])

    def _finish(self, report: Report) -> None:
        report.step = None
        report.approver_id = None
        report.approval, report.payment = "A_APPR", "P_PROC"
        report.processing_at = self._world.now()
        self.make_document("expense", report.id, expense_body(self._world, report))

    def _return(self, report: Report) -> None:
        report.step = None
        report.approver_id = None
        report.processing_at = None
        report.approval, report.payment = "A_RESU", "P_NOTP"

    def _moved(self, report: Report, before: tuple[str, str], step_code: str | None, by: str | None) -> None:
        report.version += 1
        if self._world.settings.status_moves_modified:
            report.modified_at = self._world.now()
        self._world.emit_status(report, before, step_code, by)

    def _approver_of(self, owner: User) -> str | None:
        found = owner.spend.get(SPEND_APPROVER, {}).get("report", [])
        primary = next((one for one in found if one.get("primary")), None)
        if primary is not None:
            value = primary["approver"].get("value")
            return str(value) if value in self._world.state.users else None
        manager = (owner.enterprise.get("manager") or {}).get("value")
        return str(manager) if manager in self._world.state.users else None

    def _login(self, user_id: str | None) -> str | None:
        user = self._world.state.users.get(user_id or "")
        return user.login if user else None

    def _step_code(self, step: str) -> str | None:
        return self._world.settings.validation_step_code if step == "validation" else None

    def _facts(self, report: Report) -> Document:
        return {
            "companyId": self._world.company_uuid,
            "userId": report.owner_id,
            "actingUserId": report.owner_id,
            "reportId": report.id,
            "reportType": "Regular",
            "lastModifiedDate": zulu(report.modified_at),
            "href": f"{self._world.base}/expensereports/v4/reports/{report.id}",
        }


def _advances(plan: ReportPlan) -> list[AdvanceShare]:
    return [
        AdvanceShare(
            one.advance_id,
            one.amount,
            one.is_return,
            one.is_listed,
            one.transaction_type,
            one.clearing_account,
        )
        for one in plan.advances
    ]


def _own_units(owner: User) -> dict[str, str]:
    """Return the organisation that a report takes over from its owner."""
    custom = owner.spend.get(SPEND_USER, {}).get("customData") or []
    return {one["id"]: one["value"] for one in custom if one["id"].startswith("orgUnit") and one.get("value")}
