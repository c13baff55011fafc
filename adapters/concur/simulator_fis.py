"""Financial Integration Service v4: the queue, acknowledgements, posting and payment confirmations.

A call answers 200 with one result an element; an element's `code` says what became of it. The words beside it are
worth less: a code comes with more than one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from adapters.concur.simulator_http import Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_reports import ReportDesk
from adapters.concur.simulator_state import FisDocument, Payment, Posting
from adapters.concur.simulator_world import World
from adapters.simulation import Document

DOC_TYPES: Final = ("expense", "invoice", "cashadvance", "payroll", "requestobligation", "reportobligation")
PATH: Final = "/financialintegration/fi/v4/companies/transactiontypes/{docType}/transactions"
PUBLISHED_PATH: Final = "/fi/v4/companies/transactiontypes/{docType}/transactions"
"""What links in answers show: it leads nowhere from outside."""
POSTED: Final = ("POSTING_CONFIRMED_SUCCESS", "POSTING_CONFIRMED_FAILURE")
PAID_STATES: Final = ("PAYMENT_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_REVERSED", "PAYMENT_CONFIRMED_OBSOLETE")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|\d{8}")

Outcome = tuple[int, str, str]
"""Code, result word, message."""


class FinancialIntegration:
    """The four calls."""

    def __init__(self, world: World, reports: ReportDesk) -> None:
        self._world = world
        self._reports = reports

    def endpoints(self) -> list[Endpoint]:
        def post(name: str, handle: Any) -> Endpoint:
            return Endpoint("POST", f"{PATH}/{name}", "fis", handle, ("FISVC",))

        return [
            Endpoint("GET", PATH, "fis", self._list, ("FISVC",)),
            post("acknowledgements", self._acknowledge),
            post("postingconfirmations", self._confirm_posting),
            post("paymentconfirmations", self._confirm_payment),
        ]

    # -- reads ---------------------------------------------------------------------------------------

    def _list(self, ask: Ask) -> Answer:
        doc_type = _doc_type(ask)
        page = ask.count("page", 0)
        limit = ask.count("limit", 25, least=1)
        system = ask.query.get("systemId")
        if system is not None and len(system) > 50:
            raise RefusedError(400, "systemId has more than 50 characters")
        found = self._asked(ask, doc_type)
        if system is not None:
            found = [one for one in found if one.system == system]
        start = page * limit
        shown = found[start : start + limit]
        as_text = ask.headers.get("documentformatas", "json").lower() == "text"
        total_pages = -(-len(found) // limit)
        return Answer(
            200,
            {
                "links": self._links(ask, doc_type, page, limit, total_pages),
                "content": [_shown(one, as_text=as_text) for one in shown],
                "page": {
                    "size": limit,
                    "totalElements": len(found),
                    "totalPages": total_pages,
                    "number": page,
                },
            },
        )

    def _asked(self, ask: Ask, doc_type: str) -> list[FisDocument]:
        about = ask.query.get("docId")
        ignores = ask.query.get("ignoreDocumentStatus", "no")
        if ignores not in ("yes", "no"):
            raise RefusedError(400, "ignoreDocumentStatus must be yes or no")
        if about is None:
            return [one for one in self._world.ready_documents().values() if one.doc_type == doc_type]
        found = [one for one in self._world.documents_about(about) if one.doc_type == doc_type][-1:]
        return found if ignores == "yes" else [one for one in found if one.status == "READY"]

    def _links(self, ask: Ask, doc_type: str, page: int, limit: int, total_pages: int) -> list[Document]:
        pages = {"self": page}
        if total_pages > 1:
            pages = {"first": 0, "self": page, "next": page + 1, "last": total_pages - 1}
        if page + 1 >= total_pages:
            pages.pop("next", None)
        size = {self._world.settings.link_size_name: limit}
        kept = {name: value for name, value in ask.query.items() if name not in ("page", "limit")}
        path = PUBLISHED_PATH.format(docType=doc_type)
        return [
            {
                "rel": rel,
                "href": f"{ask.base}{path}?{urlencode({'limit': limit, 'page': number} | size | kept)}",
                "hreflang": None,
                "media": None,
                "title": None,
                "type": None,
                "deprecation": None,
            }
            for rel, number in pages.items()
        ]

    # -- acknowledgements ----------------------------------------------------------------------------

    def _acknowledge(self, ask: Ask) -> Answer:
        doc_type = _doc_type(ask)
        body = ask.fields()
        system = _system(body, is_required=False)
        ids = body.get("ids")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise RefusedError(400, "ids must be an array of document ids")
        results = []
        for doc_id in ids:
            document = self._world.state.documents.get(doc_id)
            code, message = self._take(document, doc_type, system)
            results.append(
                {
                    "code": code,
                    "docId": doc_id,
                    "systemId": system,
                    "acknowledgeResult": "SUCCESS" if code == 0 else "FAILURE",
                    "errorMessage": message,
                }
            )
        return Answer(200, results)

    def _take(self, document: FisDocument | None, doc_type: str, system: str | None) -> tuple[int, str]:
        if document is None:
            return 104, "Document does not exist"
        if document.doc_type != doc_type:
            return 105, "Document type is not correct"
        if document.status == "RECALLED":
            return 102, "Document was recalled"
        if document.is_acknowledged:
            return 101, "Document is already acknowledged"
        if document.status != "READY":
            return 103, "Document is not ready"
        self._world.set_document_status(document, "ACKNOWLEDGED")
        document.is_acknowledged = True
        document.acknowledged_at = self._world.now()
        document.system = system
        return 0, ""

    # -- posting confirmations -----------------------------------------------------------------------

    def _confirm_posting(self, ask: Ask) -> Answer:
        doc_type = _doc_type(ask)
        body = ask.fields()
        system = _system(body, is_required=True)
        results = []
        for one in _elements(
            body, "postingConfirmations", ("docId", "overallPostingStatusCode", "systemMessages")
        ):
            code, result, message = self._post(one, doc_type, system)
            results.append(
                {
                    "code": code,
                    "docId": one["docId"],
                    "systemId": system,
                    "postingConfirmationResult": result,
                    "errorMessage": message,
                    "detailMessage": message,
                }
            )
        return Answer(200, results)

    def _post(self, one: Document, doc_type: str, system: str | None) -> Outcome:
        document = self._world.state.documents.get(one["docId"])
        if document is None:
            return 116, "DOCUMENT_NOT_FOUND", "Document does not exist"
        if document.doc_type != doc_type:
            return 115, "FAILURE", "Document type is not correct"
        if document.status == "RECALLED":
            return 112, "WAS_RECALLED", "Document was recalled"
        if not document.is_acknowledged:
            return 111, "NOT_YET_ACKNOWLEDGED", "Document is not acknowledged yet"
        if not _is_own(document, system):
            return 99, "FAILURE", "System id differs from the one of the acknowledgement"
        if document.status in (*POSTED, *PAID_STATES):
            return 113, "FAILURE", "Posting is already confirmed"
        if document.status != "ACKNOWLEDGED":
            return 114, "SYSTEM_ERROR_OCCURRED", f"Document is in an unknown state: {document.status}"
        problem = _posting_problem(one)
        if problem:
            return 198, "FAILURE", problem
        is_success = one["overallPostingStatusCode"] == "success"
        document.system = document.system or system
        document.postings.append(
            Posting(self._world.now(), is_success, one.get("postingDocs") or [], one["systemMessages"])
        )
        self._world.set_document_status(document, POSTED[0] if is_success else POSTED[1])
        report = self._world.state.reports.get(document.about_id)
        if report is not None and document.doc_type == "expense":
            failed = self._world.settings.posting_failed_code
            self._reports.set_payment(report, "P_PAID" if is_success else failed)
        return 0, "SUCCESS", ""

    # -- payment confirmations -----------------------------------------------------------------------

    def _confirm_payment(self, ask: Ask) -> Answer:
        doc_type = _doc_type(ask)
        if doc_type != "expense":
            raise RefusedError(400, f"Payment confirmations are not supported for {doc_type}")
        body = ask.fields()
        system = _system(body, is_required=True)
        results = []
        for one in _elements(body, "processingConfirmation", ("docId", "processingStatusCode")):
            details = one.get("clearingDetails") or [{}]
            if not isinstance(details, list) or not all(isinstance(detail, dict) for detail in details):
                raise RefusedError(400, "clearingDetails must be an array of objects")
            for detail in details:
                reference = _one(detail.get("clearingReference"))
                code, result, message = self._pay(one, detail, reference, system)
                results.append(
                    {
                        "code": code,
                        "docId": one["docId"],
                        "systemId": system,
                        "paymentConfirmationResult": result,
                        "errorMessage": message,
                        "paymentRef": reference.get("paymentRef"),
                        "detailMessage": message,
                    }
                )
        return Answer(200, results)

    def _pay(self, one: Document, detail: Document, reference: Document, system: str | None) -> Outcome:
        document = self._world.state.documents.get(one["docId"])
        if document is None:
            return 116, "DOCUMENT_NOT_FOUND", "Document does not exist"
        if document.doc_type != "expense":
            return 115, "FAILURE", "Document type is not correct"
        if not _is_own(document, system):
            return 99, "FAILURE", "System id differs from the one of the acknowledgement"
        if document.status == "RECALLED":
            return 112, "FAILURE", "Document was recalled"
        if document.status not in (POSTED[0], *PAID_STATES):
            return 298, "NOT_POSTING_CONFIRMED", "Posting is not confirmed as success"
        status = one["processingStatusCode"]
        problem = _payment_problem(status, detail, reference)
        if problem:
            return 298, "FAILURE", problem
        name = reference.get("paymentRef")
        if name and self._is_known(name, status):
            return 298, "NOOP", f"Payment confirmation already exist for payment reference {name}"
        if status in ("CP", "PP") and document.status == "PAYMENT_CONFIRMED_SUCCESS":
            return 213, "FAILURE", "Payment is already confirmed"
        self._settle(document, one, detail, reference)
        return 0, "SUCCESS", ""

    def _is_known(self, reference: str, status: str) -> bool:
        """Say whether a payment of this reference was confirmed; taking one back names the same reference."""
        kinds = ("CP", "PP") if status in ("CP", "PP") else (status,)
        return any(
            paid.reference == reference and paid.status in kinds
            for document in self._world.state.documents.values()
            for paid in document.payments
        )

    def _settle(self, document: FisDocument, one: Document, detail: Document, reference: Document) -> None:
        status = one["processingStatusCode"]
        amount = detail.get("clearingAmount")
        document.payments.append(
            Payment(
                at=self._world.now(),
                status=status,
                reference=reference.get("paymentRef"),
                amount=None if amount is None else Decimal(str(amount)),
                currency=detail.get("clearingCurrency"),
                document_number=reference.get("financialDocumentId"),
                company_code=reference.get("companyCode"),
                message=one.get("additionalMessage") or None,
            )
        )
        report = self._world.state.reports.get(document.about_id)
        state = {
            "CP": "PAYMENT_CONFIRMED_SUCCESS",
            "PP": document.status,
            "RE": "PAYMENT_CONFIRMED_REVERSED",
            "OB": "PAYMENT_CONFIRMED_OBSOLETE",
        }[status]
        self._world.set_document_status(document, state)
        if report is None:
            return
        paid = sum(
            (p.amount or Decimal(0) for p in document.payments if p.status in ("CP", "PP")), Decimal(0)
        )
        if status in ("RE", "OB"):
            self._reports.set_payment(report, self._world.settings.reversal_payment_status, Decimal(0))
        else:
            self._reports.set_payment(report, "P_PAYC" if status == "CP" else report.payment, paid)


def _doc_type(ask: Ask) -> str:
    doc_type = ask.params["docType"]
    if doc_type not in DOC_TYPES:
        raise RefusedError(400, f"Transaction type {doc_type} is not supported")
    return doc_type


def _system(body: Document, *, is_required: bool) -> str | None:
    if is_required and "systemId" not in body:
        raise RefusedError(400, "systemId is required")
    system = body.get("systemId")
    if system is not None and (not isinstance(system, str) or len(system) > 50):
        raise RefusedError(400, "systemId must be a text of at most 50 characters")
    return system


def _elements(body: Document, name: str, required: tuple[str, ...]) -> list[Document]:
    elements = body.get(name)
    if not isinstance(elements, list):
        raise RefusedError(400, f"{name} must be an array")
    for one in elements:
        missing = [key for key in required if not isinstance(one, dict) or one.get(key) is None]
        if missing:
            raise RefusedError(400, f"{name}: {', '.join(missing)} is required")
        if not isinstance(one["docId"], str):
            raise RefusedError(400, f"{name}: docId must be a text")
    return elements


def _is_own(document: FisDocument, system: str | None) -> bool:
    return not document.system or document.system == system


def _posting_problem(one: Document) -> str | None:
    if one["overallPostingStatusCode"] not in ("success", "error"):
        return "overallPostingStatusCode must be success or error"
    documents, messages = one.get("postingDocs") or [], one["systemMessages"]
    if not isinstance(documents, list) or not isinstance(messages, list):
        return "postingDocs and systemMessages must be arrays"
    for posted in documents:
        if not posted.get("companyId") or len(posted["companyId"]) > 32:
            return "companyId is required, at most 32 characters"
        if len(posted.get("documentNumber") or "") > 80:
            return "documentNumber has more than 80 characters"
        day = posted.get("postingDate")
        if day is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(day)):
            return "postingDate must be YYYY-MM-DD"
    for message in messages:
        if any(len(message.get(name) or "") > 1300 for name in ("messageShortText", "messageLongText")):
            return "a message text has more than 1300 characters"
    return None


def _payment_problem(status: Any, detail: Document, reference: Mapping[str, Any]) -> str | None:
    if status not in ("CP", "PP", "RE", "OB"):
        return "processingStatusCode must be CP, PP, RE or OB"
    day = detail.get("clearingDate")
    if day is not None and not _DATE.fullmatch(str(day)):
        return "clearingDate must be yyyy-MM-dd'T'HH:mm:ss.SSS'Z' or yyyyMMdd"
    if reference.get("paymentMethod") not in (None, "E", "C"):
        return "paymentMethod must be E or C"
    if status in ("RE", "OB"):
        return None
    if day is None:
        return "clearingDate is required"
    if not reference.get("paymentRef"):
        return "paymentRef is required"
    try:
        Decimal(str(detail.get("clearingAmount")))
    except InvalidOperation:
        return "clearingAmount is required"
    return None


def _one(value: Any) -> Document:
    """Return an object that may come as such or as the one element of an array."""
    if isinstance(value, list):
        value = value[0] if value else {}
    return value if isinstance(value, dict) else {}


def _shown(document: FisDocument, *, as_text: bool) -> Document:
    return {
        "id": document.id,
        "docType": document.doc_type,
        "companyId": document.company_id,
        "entityId": document.entity_id,
        "companyUuid": document.company_uuid,
        "erpSystemId": document.system or "",
        "docStatus": document.status,
        "document": document.body if as_text else msgspec.Raw(document.body.encode()),
        "links": [],
    }
