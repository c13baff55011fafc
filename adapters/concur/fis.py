"""The financial integration service: the queue of documents, and telling it what became of them.

The queue holds what is READY; whoever acknowledges takes a document out of it. Nothing is acknowledged here
while pages are walked: reading and writing are the engine's separate steps.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, Final

import httpx
import msgspec

from adapters.answer import Answer
from adapters.base import Page, Receipt, WriteRequest
from adapters.broken import mended
from adapters.concur import failures, ids, outbound, wire
from adapters.concur.ids import DocumentId
from adapters.concur.options import Options
from adapters.concur.reading import decoded_or_none
from adapters.concur.session import Session
from adapters.errors import (
    OutcomeUnknownError,
    ProtocolError,
    Refusal,
    RejectedError,
    SettingsError,
    TransientError,
)
from adapters.paging import Place, page_digest, split_rows

log = logging.getLogger("finsync.adapters")

QUEUE: Final = "/financialintegration/fi/v4/companies/transactiontypes/{}/transactions"
LIMIT: Final = 25
ACKNOWLEDGE: Final = "expense.acknowledge"
CONFIRM_POSTING: Final = "expense.confirm_posting"
CONFIRM_PAYMENT: Final = "expense.confirm_payment"
OPERATIONS: Final = (ACKNOWLEDGE, CONFIRM_POSTING, CONFIRM_PAYMENT)
NOT_READY_WAIT: Final = timedelta(minutes=15)

_PATHS: Final = {
    ACKNOWLEDGE: "acknowledgements",
    CONFIRM_POSTING: "postingconfirmations",
    CONFIRM_PAYMENT: "paymentconfirmations",
}
_POSTED: Final = ("POSTING_CONFIRMED_SUCCESS", "PAID")
_PAYMENTS: Final = ("PAYMENT_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_REVERSED", "PAYMENT_CONFIRMED_OBSOLETE")
_FAILED: Final = "POSTING_CONFIRMED_FAILURE"
_TAKEN: Final = ("ACKNOWLEDGED", *_POSTED, _FAILED, *_PAYMENTS)
_UNDER_WAY: Final = ("ACKNOWLEDGED", "POSTING_CONFIRMED_SUCCESS")
OF_REPORTS: Final = frozenset(("expense", "payroll"))
"""Document types that are found by the id of an approved report."""
FUNDS_CHECK: Final = "reportobligation"
"""The document type that is found by the id of a report that waits for its approval."""
_PAID: Final = {
    "paid": ("PAYMENT_CONFIRMED_SUCCESS", "PAID"),
    "reversed": ("PAYMENT_CONFIRMED_REVERSED",),
    "obsolete": ("PAYMENT_CONFIRMED_OBSOLETE",),
}


class _Result(wire.Camel):
    """The result of one document; each call names the word in its own way."""

    doc_id: str | None = None
    code: int | None = None
    system_id: str | None = None
    acknowledge_result: str | None = None
    posting_confirmation_result: str | None = None
    payment_confirmation_result: str | None = None
    error_message: str | None = None
    detail_message: str | None = None
    payment_ref: str | None = None

    @property
    def word(self) -> str:
        return (
            self.acknowledge_result
            or self.posting_confirmation_result
            or self.payment_confirmation_result
            or ""
        )

    @property
    def message(self) -> str:
        return "; ".join(dict.fromkeys(text for text in (self.error_message, self.detail_message) if text))


class Queues:
    """All document types of one company."""

    operations = OPERATIONS

    def __init__(self, session: Session, options: Options, pages_max: int) -> None:
        self._session = session
        self._system = session.system
        self._options = options
        self._pages_max = pages_max

    async def read(self) -> AsyncIterator[Page]:
        """Walk everything that is READY. There is no position: what is not taken yet comes again."""
        types = self._options.document_types
        for index, doc_type in enumerate(types):
            is_last_type = index == len(types) - 1
            async for rows, is_last in self._walk(doc_type):
                yield Page(rows, None, is_last and is_last_type)

    async def read_many(self, external_ids: Sequence[str]) -> list[bytes]:
        """Read documents in whatever state: by our names, or by the ids of their reports."""
        rows: list[bytes] = []
        for external_id in dict.fromkeys(external_ids):
            name = ids.parse(external_id)
            if name is not None:
                rows += [
                    row
                    for row in await self.shown(name.doc_type, name.source)
                    if _own_id(row) == name.document
                ]
            elif ids.ID.fullmatch(external_id):
                for doc_type in self._options.document_types:
                    rows += await self.shown(doc_type, external_id)
        return rows

    async def write(self, request: WriteRequest) -> Receipt:
        """Tell one thing about one document. All three may be told again: Concur says that it knew."""
        name, body = self._decided(request)
        results = await self._tell(request.operation, name, body)
        verdict, told = _worst(results)
        if verdict.verdict == "not_acknowledged" and request.operation == CONFIRM_POSTING:
            # The acknowledgement was decided before this one and did not arrive: it is the lock, so it comes first.
            taken = outbound.acknowledgement(name.document, self._options.system_id)
            await self._settle(
                ACKNOWLEDGE, name, request, *_worst(await self._tell(ACKNOWLEDGE, name, taken))
            )
            verdict, told = _worst(await self._tell(request.operation, name, body))
        return await self._settle(request.operation, name, request, verdict, told)

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether the document shows what `request` tells.

        A part payment leaves no trace that could be read: the document keeps its status and shows no references. So
        None, and it is told again under the same reference, which Concur answers as known.
        """
        name, _ = self._decided(request)
        shown = await self._document(name)
        if shown is None or not self._shows(shown, request):
            if request.operation == CONFIRM_PAYMENT and request.body.get("status") == "partly_paid":
                log.info(
                    "%s: a part payment of %s does not show on the document, so it can't be looked up; it is told "
                    "again under the same reference",
                    self._system,
                    name.document,
                )
            return None
        return _receipt(request, name, was_found=True, status=shown.doc_status)

    async def ping(self) -> None:
        """Ask for one document, whether there is one or not."""
        params: dict[str, str | int] = {"page": 0, "limit": 1}
        path = QUEUE.format(self._options.document_types[0])
        await self._session.request("GET", path, params=params, is_write=False, expects=(200,))

    async def _walk(self, doc_type: str) -> AsyncIterator[tuple[list[bytes], bool]]:
        path = QUEUE.format(doc_type)
        place = Place(self._system, path, self._pages_max)
        page, before, count = 0, b"", 0
        while True:
            params: dict[str, str | int] = {"page": page, "limit": LIMIT}
            answer = mended(
                await self._session.request("GET", path, params=params, is_write=False, expects=(200,))
            )
            rows = _rows(answer)
            following = _next_page(answer)
            count += 1
            digest = page_digest(answer)
            if following is not None and (following <= page or digest == before):
                raise place.loop(count, "the next page it names is not a later one")
            yield rows, following is None
            if following is None:
                return
            if count >= self._pages_max:
                raise place.too_many()
            page, before = following, digest

    async def shown(self, doc_type: str, source: str) -> list[bytes]:
        """Return the newest document of a report, cash advance or request in whatever state, if there is one."""
        answer = await self._session.request(
            "GET",
            QUEUE.format(doc_type),
            params={"docId": source, "ignoreDocumentStatus": "yes"},
            is_write=False,
            expects=(200, 404),
        )
        return _rows(answer) if answer.status == 200 else []

    async def taken(self, report_id: str, doc_types: Sequence[str]) -> list[bytes]:
        """Return those documents of a report that were acknowledged in our name, and not refused or paid since."""
        rows = []
        for doc_type in doc_types:
            if doc_type in self._options.document_types:
                going_on = (
                    _UNDER_WAY if doc_type in OF_REPORTS else _UNDER_WAY[:1]
                )  # what nothing is paid of ends there
                rows += [row for row in await self.shown(doc_type, report_id) if self._is_ours(row, going_on)]
        return rows

    def _is_ours(self, row: bytes, going_on: Sequence[str]) -> bool:
        shown = decoded_or_none(row, wire.FisDocument)
        return (
            shown is not None
            and shown.doc_status in going_on
            and (shown.erp_system_id or "") == self._options.system_id
        )

    async def _document(self, name: DocumentId) -> wire.FisDocument | None:
        for row in await self.shown(name.doc_type, name.source):
            if _own_id(row) == name.document:
                return msgspec.json.decode(row, type=wire.FisDocument)
        return None

    async def _tell(self, operation: str, name: DocumentId, body: dict[str, Any]) -> list[_Result]:
        path = f"{QUEUE.format(name.doc_type)}/{_PATHS[operation]}"
        answer = await self._session.request("POST", path, json=body, is_write=True, expects=(200,))
        results = [one for one in answer.decode(list[_Result]) if one.doc_id == name.document]
        if not results:
            raise OutcomeUnknownError(
                self._system,
                f"{path} answered 200 without a result for document {name.document}; it may have been done. "
                "It is looked up before it is sent again",
                status=answer.status,
            )
        return results

    async def _settle(
        self,
        operation: str,
        name: DocumentId,
        request: WriteRequest,
        found: failures.FisResult,
        result: _Result,
    ) -> Receipt:
        """Turn the result of one document into a receipt or the error it means."""
        if found.verdict == "done":
            return _receipt(request, name, result=result)
        if found.verdict == "found":
            await self._check_found(operation, name, request, result)
            return _receipt(request, name, was_found=True, result=result)
        what = f"{operation} of document {name.document} (report {name.source})"
        told = f"{what}: {found.words}" + (f". Concur says: {result.message}" if result.message else "")
        if found.verdict == "refused":
            raise self._refusal(found.case_class, told, result.code)
        if found.verdict == "unknown":
            raise OutcomeUnknownError(self._system, f"{told}. It is looked up before it is sent again")
        wait = NOT_READY_WAIT if found.verdict == "not_ready" else None
        raise TransientError(self._system, told, retry_after=wait)

    async def _check_found(
        self, operation: str, name: DocumentId, request: WriteRequest, result: _Result
    ) -> None:
        """Somebody told it before: it must have been us, and the same."""
        shown = await self._document(name)
        if shown is None:  # a newer document of the same report is shown; the code alone has to do
            return
        if operation == ACKNOWLEDGE and (shown.erp_system_id or "") != self._options.system_id:
            whom = shown.erp_system_id or "somebody without a name"
            raise self._refusal(
                "CLAIMED_BY_OTHER",
                f"document {name.document} of report {name.source} was acknowledged by {whom}, not by "
                f"{self._options.system_id}. Nothing was posted here. Find out which other integration reads this "
                "queue; if that name is an older one of ours, set it as the option system_id",
                result.code,
            )
        if operation == CONFIRM_POSTING and not self._shows(shown, request):
            raise self._refusal(
                "READ_BACK_DIFFERS",
                f"the posting of document {name.document} was confirmed before with another outcome: it shows "
                f"{shown.doc_status}, we say {request.body.get('outcome')}. An outcome can't be changed; have the "
                "processor recall the report if ours is right",
                result.code,
            )

    def _shows(self, shown: wire.FisDocument, request: WriteRequest) -> bool:
        status = shown.doc_status or ""
        if request.operation == ACKNOWLEDGE:
            return status in _TAKEN and (shown.erp_system_id or "") == self._options.system_id
        if request.operation == CONFIRM_POSTING:
            is_error = request.body.get("outcome") == "error"
            return status == _FAILED if is_error else status in (*_POSTED, *_PAYMENTS)
        return status in _PAID.get(str(request.body.get("status")), ())

    def _decided(self, request: WriteRequest) -> tuple[DocumentId, dict[str, Any]]:
        name = ids.parse(request.external_id or "")
        if name is None:
            raise SettingsError(
                self._system, f"{request.external_id!r} is not the id of a financial document of Concur"
            )
        own = self._options.system_id
        try:
            if request.operation == ACKNOWLEDGE:
                return name, outbound.acknowledgement(name.document, own)
            if request.operation == CONFIRM_POSTING:
                return name, outbound.posting(name.document, own, request.body, self._options.language)
            if name.doc_type != "expense":
                raise outbound.UnsendableError(f"Concur takes no payments of {name.doc_type} documents")
            return name, outbound.payment(name.document, own, request.body)
        except outbound.UnsendableError as error:
            raise self._refusal(
                "PAYLOAD_INVALID", f"{request.operation} of {name.document} can't be sent: {error}", None
            ) from None

    def _refusal(self, case_class: str, told: str, code: int | None) -> RejectedError:
        codes = () if code is None else (str(code),)
        return RejectedError(self._system, Refusal(case_class, told, codes))


_GRAVITY: Final = ("done", "found", "not_ready", "later", "unknown", "not_acknowledged", "refused")


def _worst(results: Sequence[_Result]) -> tuple[failures.FisResult, _Result]:
    """Return the result that counts: a payment confirmation has one for each reference."""
    judged = [(failures.fis_result(one.code, one.word, one.message), one) for one in results]
    return max(judged, key=lambda pair: _GRAVITY.index(pair[0].verdict))


def _receipt(
    request: WriteRequest,
    name: DocumentId,
    *,
    was_found: bool = False,
    result: _Result | None = None,
    status: str | None = None,
) -> Receipt:
    kept: dict[str, Any] = {"document": name.document, "report": name.source}
    if result is not None:
        kept |= {"code": result.code, "result": result.word, "system_id": result.system_id}
    if status is not None:
        kept["status"] = status
    return Receipt(request.external_id, answer=kept, was_found=was_found)


class _Link(wire.Camel):
    rel: str | None = None
    href: str | None = None


class _Envelope(wire.Camel):
    """A page, in both published forms."""

    content: list[msgspec.Raw] | None = None
    links: list[_Link] | None = None
    next_page: str | int | None = None
    fi_documents: list[msgspec.Raw] | None = msgspec.field(default=None, name="fIDocuments")


def _rows(answer: Answer) -> list[bytes]:
    page = answer.decode(_Envelope)
    if page.content is None and page.fi_documents is None:
        if answer.content.strip() in (b"", b"[]"):
            return []
        raise answer.unreadable("it holds neither 'content' nor 'fIDocuments'")
    return split_rows(answer, "content" if page.content is not None else "fIDocuments")


def _next_page(answer: Answer) -> int | None:
    """Return the number of the page that follows. Links are never followed: their paths are not ours."""
    page = answer.decode(_Envelope)
    named: str | int | None = page.next_page
    if page.content is not None:
        named = next((link.href for link in page.links or () if link.rel == "next"), None)
    if named is None or named == "":
        return None
    text = str(named)
    if not text.isdigit():
        try:
            text = httpx.URL(text).params.get("page", "")
        except httpx.InvalidURL:
            text = ""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ProtocolError(
            answer.system,
            f"{answer.path} names a next page without a page number. What was read before is kept",
            status=answer.status,
        )
    return int(text)


def _own_id(row: bytes) -> str | None:
    found = decoded_or_none(row, wire.FisDocument)
    return found.id if found else None
