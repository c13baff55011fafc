"""What we may do with a report under way: decide in the external validation step, mark it, comment on it.

An action is looked up before it is sent: Concur refuses one that was done, and takes a comment twice.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from adapters.base import Receipt, WriteRequest
from adapters.concur import ids, wire
from adapters.concur.options import Options
from adapters.concur.reports import Reports
from adapters.concur.session import Session
from adapters.errors import Refusal, RejectedError, SettingsError

ROOT: Final = "/expensereports/v4/reports"
APPROVE: Final = "report.approve"
SEND_BACK: Final = "report.send_back"
COMMENT: Final = "report.comment"
EXCEPTION: Final = "report.exception"
CLEAR_EXCEPTION: Final = "report.clear_exception"
OPERATIONS: Final = (APPROVE, SEND_BACK, COMMENT, EXCEPTION, CLEAR_EXCEPTION)
TEXT_MAX: Final = 2000
CODE_MAX: Final = 8
VISIBILITIES: Final = ("ALL", "APPROVER_PROCESSOR", "PROCESSOR")
VALIDATION: Final = "A_EXTV"
_BEFORE: Final = ("A_NOTF", "A_RESU")


class _Comment(wire.Camel):
    comment: str | None = None


class _Exception(wire.Camel):
    exception_code: str | None = None
    exception_visibility: str | None = None
    expense_id: str | None = None


class ReportDesk:
    """The writes to reports."""

    operations = OPERATIONS

    def __init__(self, session: Session, options: Options, reports: Reports) -> None:
        self._session = session
        self._options = options
        self._reports = reports

    async def write(self, request: WriteRequest) -> Receipt:
        found = await self.find(request)
        if found is not None:
            return found
        path = f"{ROOT}/{self._report_id(request)}"
        if request.operation in (APPROVE, SEND_BACK):
            await self._decide(request, path)
        elif request.operation == COMMENT:
            body = {"comment": self._marked(request)}
            await self._session.request(
                "POST", f"{path}/comments", json=body, is_write=True, expects=(200, 201)
            )
        elif request.operation == EXCEPTION:
            code, visibility = self._exception(request)
            await self._session.request(
                "PUT",
                f"{self._place(request)}/exceptions",
                json={"exceptionCode": code, "exceptionVisibility": visibility},
                is_write=True,
                expects=(200, 201, 204),
            )
        else:
            code, _ = self._exception(request)
            await self._session.request(
                "DELETE", f"{self._place(request)}/exceptions/{code}", is_write=True, expects=(200, 204)
            )
        return Receipt(request.external_id)

    async def find(self, request: WriteRequest) -> Receipt | None:
        done = Receipt(request.external_id, was_found=True)
        if request.operation in (APPROVE, SEND_BACK):
            return done if await self._has_moved(request) else None
        if request.operation == COMMENT:
            marked = self._marked(request)
            answer = await self._session.request(
                "GET", f"{ROOT}/{self._report_id(request)}/comments", is_write=False, expects=(200,)
            )
            return done if any(one.comment == marked for one in answer.decode(list[_Comment])) else None
        code, visibility = self._exception(request)
        place = f"{self._place(request)}/exceptions"
        answer = await self._session.request("GET", place, is_write=False, expects=(200,))
        held = [one for one in answer.decode(list[_Exception]) if one.exception_code == code]
        if request.operation == CLEAR_EXCEPTION:
            return None if held else done
        return done if any(one.exception_visibility == visibility for one in held) else None

    async def _decide(self, request: WriteRequest, path: str) -> None:
        """Act only in our own step: the guard names it, so that a report that moved on is left alone."""
        body: dict[str, Any] = {"expectedStepCode": self._options.validation_step}
        text = str(request.body.get("comment") or "")[:TEXT_MAX]
        if request.operation == SEND_BACK and not text:
            raise self._unfit(request, "comment is missing: the employee must know what to correct")
        if text:
            body["comment"] = text
        action = "approve" if request.operation == APPROVE else "sendBack"
        await self._session.request("PATCH", f"{path}/{action}", json=body, is_write=True, expects=(200, 204))

    async def _has_moved(self, request: WriteRequest) -> bool:
        """Say whether the report has gone where we would send it; one that went elsewhere is a person's case."""
        report_id = self._report_id(request)
        status = await self._reports.status(report_id, request.body.get("owner"))
        if status is None:
            raise self._refused(request, "REJECTED", f"Concur has no report {report_id} that it shows us")
        if status == VALIDATION:
            return False
        is_before = status in _BEFORE
        if is_before == (request.operation == SEND_BACK):
            return True
        where = "back with its owner" if is_before else f"in state {status}"
        raise self._refused(
            request,
            "VERSION_CONFLICT",
            f"report {report_id} left the validation step meanwhile: it is {where}. Nothing was sent",
        )

    def _marked(self, request: WriteRequest) -> str:
        """Return the comment with a mark of this decision, by which it is found again."""
        text = str(request.body.get("text") or "")
        if not text:
            raise self._unfit(request, "text is missing")
        mark = f" [finsync {hashlib.sha256(request.idempotency_key.encode()).hexdigest()[:12]}]"
        return text[: TEXT_MAX - len(mark)] + mark

    def _exception(self, request: WriteRequest) -> tuple[str, str]:
        code = str(request.body.get("code") or "")
        visibility = str(request.body.get("visibility") or "PROCESSOR")
        if not code or len(code) > CODE_MAX or not ids.ID.fullmatch(code):
            raise self._unfit(request, f"code is {code!r}, not up to {CODE_MAX} letters and digits")
        if visibility not in VISIBILITIES:
            raise self._unfit(request, f"visibility is {visibility!r}, not one of {', '.join(VISIBILITIES)}")
        return code, visibility

    def _place(self, request: WriteRequest) -> str:
        entry = request.body.get("entry_id")
        path = f"{ROOT}/{self._report_id(request)}"
        if not entry:
            return path
        if not ids.ID.fullmatch(str(entry)):
            raise self._unfit(request, f"entry_id is {entry!r}, not the id of an expense")
        return f"{path}/expenses/{entry}"

    def _report_id(self, request: WriteRequest) -> str:
        if not request.external_id or not ids.ID.fullmatch(request.external_id):
            raise SettingsError(
                self._session.system, f"{request.external_id!r} is not the id of a report of Concur"
            )
        return request.external_id

    def _unfit(self, request: WriteRequest, words: str) -> RejectedError:
        told = f"{request.operation} of report {request.external_id} can't be sent: {words}"
        return self._refused(request, "PAYLOAD_INVALID", told)

    def _refused(self, request: WriteRequest, case_class: str, told: str) -> RejectedError:
        return RejectedError(self._session.system, Refusal(case_class, told))
