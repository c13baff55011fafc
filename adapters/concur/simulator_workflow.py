"""What an integration and people may do with a report under way: decide, mark, comment.

The company's token acts in system steps only, a user's token in the steps of people. Whoever repeats an action that
succeeded finds the report moved on: 400.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from adapters.concur.simulator_expense_v4 import (
    READ,
    SHORT,
    check_free,
    find_entry,
    find_report,
    not_found,
)
from adapters.concur.simulator_http import PEOPLE, Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_report_views import ROOT
from adapters.concur.simulator_reports import ReportDesk
from adapters.concur.simulator_state import Comment, ExceptionMark, Report
from adapters.concur.simulator_world import World, zulu
from adapters.simulation import Document

WRITE: Final = ("expense.report.readwrite",)
DECIDE: Final = ("expense.report.workflowstatus.write",)
VISIBILITIES: Final = ("ALL", "APPROVER_PROCESSOR", "PROCESSOR")
COMMENT_MAX: Final = 2000
_SYSTEM_STEPS: Final = ("validation",)
_USER: Final = frozenset({"user"})


class Workflow:
    """Decisions, exceptions and comments."""

    def __init__(self, world: World, reports: ReportDesk) -> None:
        self._world = world
        self._reports = reports

    def endpoints(self) -> list[Endpoint]:
        def one(
            method: str,
            path: str,
            handle: Callable[[Ask], Answer],
            scopes: tuple[str, ...],
            actors: Any = frozenset({"company"}),
        ) -> Endpoint:
            return Endpoint(method, path, "expense", handle, scopes, actors)

        as_manager = f"{ROOT}/users/{{userId}}/context/MANAGER/reports/{{reportId}}"
        as_owner = f"{ROOT}/users/{{userId}}/context/{{contextType}}/reports/{{reportId}}/recall"
        found = [
            one("PATCH", f"{SHORT}/approve", self._approve, DECIDE),
            one("PATCH", f"{SHORT}/sendBack", self._send_back, DECIDE),
            one("PATCH", f"{as_manager}/approve", self._approve_as_manager, DECIDE, _USER),
            one("PATCH", f"{as_manager}/sendBack", self._send_back_as_manager, DECIDE, _USER),
            one("PATCH", as_owner, self._recall, DECIDE, _USER),
            one("PATCH", f"{ROOT}/users/{{userId}}/reports/{{reportId}}/submit", self._submit, WRITE, PEOPLE),
        ]
        expense = f"{SHORT}/expenses/{{expenseId}}"
        for place in (SHORT, expense, f"{expense}/allocations/{{allocationId}}"):
            found += [
                one("GET", f"{place}/exceptions", self._exceptions, READ),
                one("PUT", f"{place}/exceptions", self._put_exception, WRITE),
                one("DELETE", f"{place}/exceptions/{{code}}", self._delete_exception, WRITE),
            ]
        for place in (SHORT, expense):
            found += [
                one("GET", f"{place}/comments", self._comments, READ),
                one("POST", f"{place}/comments", self._add_comment, WRITE),
            ]
        return found

    # -- decisions -----------------------------------------------------------------------------------

    def _approve(self, ask: Ask) -> Answer:
        report, body = self._in_system_step(ask)
        status = body.get("statusId", "A_APPR")
        if not isinstance(status, str) or not status.startswith("A_") or len(status) > 6:
            raise RefusedError(400, "statusId is not an approval status", source="statusId")
        self._reports.approve_step(report, None, _comment(body, "comment"))
        return Answer(204)

    def _send_back(self, ask: Ask) -> Answer:
        report, body = self._in_system_step(ask)
        comment = _comment(body, "comment")
        if not comment:
            raise RefusedError(400, "comment is required", source="comment", error_id="NotBlank")
        self._reports.send_back(report, None, comment)
        return Answer(204)

    def _in_system_step(self, ask: Ask) -> tuple[Report, Document]:
        report = find_report(self._world, ask)
        body = ask.fields() if ask.body else {}
        check_free(report)
        if self._reports.step_of(report) not in _SYSTEM_STEPS:
            raise RefusedError(
                400,
                "The report is not in a system workflow step",
                error_id="error.workflow.invalid_action",
            )
        self._check_guards(report, body)
        return report, body

    def _check_guards(self, report: Report, body: Document) -> None:
        assert report.step is not None
        instance = self._world.named_guid(f"step/{report.id}/{len(report.decisions)}")
        expected = {
            "expectedStepCode": self._world.settings.validation_step_code,
            "expectedStepSequence": str(report.step + 1),
            "expectedWorkflowStepInstanceId": instance,
        }
        for name, value in expected.items():
            if name in body and str(body[name]) != value:
                raise RefusedError(
                    400,
                    f"{name} is {value}, not {body[name]}",
                    source=name,
                    error_id="error.workflow.step_mismatch",
                )

    def _approve_as_manager(self, ask: Ask) -> Answer:
        report, login = self._in_own_step(ask)
        body = ask.fields() if ask.body else {}
        self._reports.approve_step(report, login, _comment(body, "comment"))
        return Answer(204)

    def _send_back_as_manager(self, ask: Ask) -> Answer:
        report, login = self._in_own_step(ask)
        comment = _comment(ask.fields() if ask.body else {}, "comment")
        if not comment:
            raise RefusedError(400, "comment is required", source="comment", error_id="NotBlank")
        self._reports.send_back(report, login, comment)
        return Answer(204)

    def _in_own_step(self, ask: Ask) -> tuple[Report, str]:
        report = find_report(self._world, ask)
        check_free(report)
        step = self._reports.step_of(report)
        if step in _SYSTEM_STEPS:
            raise RefusedError(
                403, "The caller cannot modify a system workflow step", error_id="error.forbidden"
            )
        if step is None:
            raise RefusedError(400, "The report is in no step", error_id="error.workflow.invalid_action")
        user_id = ask.params["userId"]
        if ask.caller.user_id != user_id or report.approver_id != user_id:
            raise RefusedError(403, "The report waits for another approver", error_id="error.forbidden")
        return report, self._world.state.users[user_id].login

    def _recall(self, ask: Ask) -> Answer:
        report = find_report(self._world, ask)
        check_free(report)
        if ask.params["contextType"] not in ("TRAVELER", "PROXY"):
            raise RefusedError(403, "Only the owner recalls a report", error_id="error.context")
        user_id = ask.params["userId"]
        if ask.caller.user_id != user_id or report.owner_id != user_id:
            raise not_found("report")
        if report.step is None:
            raise RefusedError(400, "The report cannot be recalled", error_id="error.workflow.invalid_action")
        self._reports.recall(report, self._world.state.users[user_id].login)
        return Answer(204)

    def _submit(self, ask: Ask) -> Answer:
        report = find_report(self._world, ask)
        check_free(report)
        user_id = ask.params["userId"]
        if report.owner_id != user_id or ask.caller.user_id not in (None, user_id):
            raise not_found("report")
        if report.approval not in ("A_NOTF", "A_RESU"):
            raise RefusedError(
                400, "The report is submitted already", error_id="error.workflow.invalid_action"
            )
        self._reports.submit(report)
        return Answer(204)

    # -- exceptions ----------------------------------------------------------------------------------

    def _exceptions(self, ask: Ask) -> Answer:
        report, expense_id, allocation_id = self._place(ask)
        excludes = ask.flag("excludeExpenses") or ask.flag("excludeItemizations")
        found = []
        for one in report.exceptions:
            is_here = expense_id is None or one.expense_id == expense_id
            is_here = is_here and (allocation_id is None or one.allocation_id == allocation_id)
            if is_here and not (excludes and expense_id is None and one.expense_id is not None):
                found.append(one)
        parents = {entry.id: entry.parent_id for entry in report.entries}
        return Answer(
            200,
            [
                {
                    "exceptionCode": one.code,
                    "exceptionVisibility": one.visibility,
                    "isBlocking": one.is_blocking,
                    "message": one.message,
                    "expenseId": one.expense_id,
                    "parentExpenseId": parents.get(one.expense_id or ""),
                    "allocationId": one.allocation_id,
                }
                for one in found
            ],
        )

    def _put_exception(self, ask: Ask) -> Answer:
        report, expense_id, allocation_id = self._place(ask)
        check_free(report)
        body = ask.fields()
        code, visibility = body.get("exceptionCode"), body.get("exceptionVisibility")
        if not isinstance(code, str) or not 1 <= len(code) <= 8:
            raise RefusedError(400, "exceptionCode must have 1 to 8 characters", source="exceptionCode")
        if visibility not in VISIBILITIES:
            allowed = ", ".join(VISIBILITIES)
            raise RefusedError(
                400, f"exceptionVisibility must be one of {allowed}", source="exceptionVisibility"
            )
        known = self._world.settings.exception_codes
        if known is not None and code not in known:
            raise RefusedError(400, f"The exception code {code} is not configured", source="exceptionCode")
        self._drop(report, code, expense_id, allocation_id)
        report.exceptions.append(
            ExceptionMark(code, visibility, expense_id=expense_id, allocation_id=allocation_id)
        )
        return Answer(200)

    def _delete_exception(self, ask: Ask) -> Answer:
        report, expense_id, allocation_id = self._place(ask)
        check_free(report)
        if not self._drop(report, ask.params["code"], expense_id, allocation_id):
            raise not_found("exception")
        return Answer(204)

    def _drop(self, report: Report, code: str, expense_id: str | None, allocation_id: str | None) -> bool:
        key = (code, expense_id, allocation_id)
        kept = [one for one in report.exceptions if (one.code, one.expense_id, one.allocation_id) != key]
        was_there = len(kept) < len(report.exceptions)
        report.exceptions = kept
        return was_there

    def _place(self, ask: Ask) -> tuple[Report, str | None, str | None]:
        """Return the report, and which expense and allocation of it the path names."""
        report = find_report(self._world, ask)
        if "expenseId" not in ask.params:
            return report, None, None
        entry = find_entry(report, ask)
        allocation_id = ask.params.get("allocationId")
        if allocation_id is not None and allocation_id not in [one.id for one in entry.allocations]:
            raise not_found("allocation")
        return report, entry.id, allocation_id

    # -- comments ------------------------------------------------------------------------------------

    def _comments(self, ask: Ask) -> Answer:
        report, expense_id, _ = self._place(ask)
        found = [one for one in report.comments if one.expense_id == expense_id]
        return Answer(200, [self._comment_view(report, one, one is found[-1]) for one in found])

    def _comment_view(self, report: Report, one: Comment, is_latest: bool) -> Document:
        users = self._world.state.users
        author = users.get(one.author_id or "")
        owner = users[report.owner_id]
        return {
            "comment": one.text,
            "author": {"employeeId": author.number, "employeeUuid": author.id} if author else {},
            "createdForEmployee": {"employeeId": owner.number, "employeeUuid": owner.id},
            "createdForEmployeeId": owner.number,
            "creationDate": zulu(one.at),
            "expenseId": one.expense_id,
            "isAuditorComment": False,
            "isLatest": is_latest,
            "stepInstanceId": one.step_id,
        }

    def _add_comment(self, ask: Ask) -> Answer:
        report, expense_id, _ = self._place(ask)
        check_free(report)
        text = _comment(ask.fields(), "comment")
        if not text:
            raise RefusedError(400, "comment is required", source="comment", error_id="NotBlank")
        comment = self._reports.add_comment(report, text, None, expense_id)
        return Answer(201, {"uri": f"{ask.base}{ask.path}/{comment.id}"})


def _comment(body: Document, name: str) -> str | None:
    text = body.get(name)
    if text is not None and (not isinstance(text, str) or len(text) > COMMENT_MAX):
        raise RefusedError(400, f"{name} must be a text of at most {COMMENT_MAX} characters", source=name)
    return text
