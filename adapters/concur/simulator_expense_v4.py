"""Expense Reports v4: headers, expenses, allocations and taxes, each through the contexts that may see it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapters.concur.simulator_http import COMPANY, PEOPLE, Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_money import FINEST, ZERO, shares
from adapters.concur.simulator_report_views import (
    ROOT,
    allocation_view,
    entries_of,
    expense_detail,
    expense_summary,
    expense_taxes,
    report_details,
    report_to_approve,
)
from adapters.concur.simulator_reports import ReportDesk
from adapters.concur.simulator_state import Allocation, Entry, Report
from adapters.concur.simulator_world import World

IN_CONTEXT: Final = f"{ROOT}/users/{{userId}}/context/{{contextType}}/reports/{{reportId}}"
SHORT: Final = f"{ROOT}/reports/{{reportId}}"
READ: Final = ("expense.report.read",)
_EVERY: Final = ("TRAVELER", "MANAGER", "PROCESSOR", "PROXY")


class ExpenseV4:
    """The reads, and the tax lines that an integration may write."""

    def __init__(self, world: World, reports: ReportDesk) -> None:
        self._world = world
        self._reports = reports

    def endpoints(self) -> list[Endpoint]:
        def get(path: str, handle: Callable[[Ask], Answer], actors: Any = PEOPLE) -> Endpoint:
            return Endpoint("GET", path, "expense", handle, READ, actors)

        expense = f"{IN_CONTEXT}/expenses/{{expenseId}}"
        taxes = f"{SHORT}/expenses/{{expenseId}}"
        return [
            get(IN_CONTEXT, self._header),
            get(f"{IN_CONTEXT}/expenses", self._expenses),
            get(expense, self._expense),
            get(f"{expense}/itemizations", self._itemizations),
            get(f"{expense}/allocations", self._allocations),
            get(f"{ROOT}/users/{{userId}}/context/MANAGER/reportsToApprove", self._to_approve),
            get(f"{taxes}/taxes", self._taxes, COMPANY),
            Endpoint(
                "PATCH",
                f"{taxes}/tax/{{taxAuthorityId}}",
                "expense",
                self._patch_tax,
                ("expense.report.tax.readwrite",),
            ),
        ]

    # -- reads ---------------------------------------------------------------------------------------

    def _header(self, ask: Ask) -> Answer:
        return Answer(200, report_details(self._world, self._in_context(ask, _EVERY)))

    def _expenses(self, ask: Ask) -> Answer:
        report = self._in_context(ask, ("TRAVELER",))
        return Answer(200, [expense_summary(self._world, report, one) for one in entries_of(report, None)])

    def _expense(self, ask: Ask) -> Answer:
        report = self._in_context(ask, ("TRAVELER", "MANAGER", "PROXY"))
        return Answer(200, expense_detail(self._world, report, find_entry(report, ask)))

    def _itemizations(self, ask: Ask) -> Answer:
        report = self._in_context(ask, ("TRAVELER",))
        entry = find_entry(report, ask)
        return Answer(
            200, [expense_summary(self._world, report, one) for one in entries_of(report, entry.id)]
        )

    def _allocations(self, ask: Ask) -> Answer:
        report = self._in_context(ask, ("TRAVELER", "MANAGER"))
        entry = find_entry(report, ask)
        return Answer(200, [allocation_view(self._world, report, entry, one) for one in entry.allocations])

    def _to_approve(self, ask: Ask) -> Answer:
        user_id = ask.params["userId"]
        if ask.caller.actor == "user" and ask.caller.user_id != user_id:
            raise RefusedError(403, "The token is another user's", error_id="error.forbidden")
        if user_id not in self._world.state.users:
            raise RefusedError(404, "The user does not exist", error_id="error.user_not_found")
        found = [
            one
            for one in self._world.state.reports.values()
            if one.approver_id == user_id and self._reports.step_of(one) is not None
        ]
        return Answer(200, [report_to_approve(self._world, one) for one in found])

    def _in_context(self, ask: Ask, contexts: tuple[str, ...]) -> Report:
        """Return the report, if this user sees it in this context and the context sees this."""
        context, user_id = ask.params["contextType"], ask.params["userId"]
        if context not in contexts:
            raise RefusedError(403, f"The context {context} is not allowed here", error_id="error.context")
        if ask.caller.actor == "user" and ask.caller.user_id != user_id:
            raise RefusedError(403, "The token is another user's", error_id="error.forbidden")
        report = find_report(self._world, ask)
        is_seen = {
            "TRAVELER": report.owner_id == user_id,
            "MANAGER": user_id in (report.approver_id, report.last_approver_id),
        }.get(context, user_id in self._world.state.users)
        if not is_seen:
            raise not_found("report")
        return report

    # -- taxes ---------------------------------------------------------------------------------------

    def _taxes(self, ask: Ask) -> Answer:
        return Answer(200, expense_taxes(find_entry(find_report(self._world, ask), ask)))

    def _patch_tax(self, ask: Ask) -> Answer:
        report = find_report(self._world, ask)
        entry = find_entry(report, ask)
        check_free(report)
        if report.payment != "P_NOTP":
            raise RefusedError(400, "The report is final approved", error_id="error.report_not_editable")
        authority = ask.params["taxAuthorityId"]
        body = ask.fields()
        if not any(t.authority_id == authority for one in entry.allocations for t in one.taxes):
            raise not_found("tax authority")
        tax = _given_amount(body, "taxTransactionAmount", entry)
        reclaim = _given_amount(body, "reclaimTransactionAmount", entry)
        percentages = [one.percentage for one in entry.allocations]
        taxes = shares(tax, percentages) if tax is not None else None
        reclaims = shares(reclaim, percentages) if reclaim is not None else None
        for place, allocation in enumerate(entry.allocations):
            for line in allocation.taxes:
                if line.authority_id == authority:
                    line.code = body.get("taxCode", line.code)
                    line.reclaim_code = body.get("reclaimCode", line.reclaim_code)
            _tax_again(
                allocation,
                authority,
                taxes[place] if taxes is not None else None,
                reclaims[place] if reclaims is not None else None,
            )
        entry.modified_at = self._world.now()
        return Answer(204)


def find_report(world: World, ask: Ask) -> Report:
    report = world.state.reports.get(ask.params["reportId"])
    if report is None:
        raise not_found("report")
    return report


def find_entry(report: Report, ask: Ask) -> Entry:
    wanted = ask.params["expenseId"]
    found = next((one for one in report.entries if one.id == wanted), None)
    if found is None:
        raise not_found("expense")
    return found


def not_found(what: str) -> RefusedError:
    error_id = f"error.{what.replace(' ', '_')}_not_found"
    return RefusedError(404, f"The {what} does not exist or is not visible", error_id=error_id)


def check_free(report: Report) -> None:
    """Refuse while another operation runs on the report."""
    if report.is_locked:
        raise RefusedError(409, "Another operation is running on this report", error_id="error.report_locked")


def _tax_again(allocation: Allocation, authority: str, tax: Decimal | None, reclaim: Decimal | None) -> None:
    """Give each journal line of an allocation its part of a tax that was set anew."""
    by_guid = {one.guid: one for one in allocation.taxes}
    for journal in allocation.lines:
        weight = journal.gross / allocation.amount if allocation.amount else ZERO
        own = [by_guid[guid] for guid in journal.tax_guids]
        for one in own:
            if one.authority_id == authority:
                one.amount = one.amount if tax is None else (tax * weight).quantize(FINEST)
                one.reclaim = one.reclaim if reclaim is None else (reclaim * weight).quantize(FINEST)
        journal.net_of_tax = journal.gross - sum((one.amount for one in own), ZERO)
        journal.net_of_reclaim = journal.gross - sum((one.reclaim for one in own), ZERO)


def _given_amount(body: dict[str, Any], name: str, entry: Entry) -> Decimal | None:
    """Return an amount of the body in the report's currency."""
    if body.get(name) is None:
        return None
    try:
        amount = Decimal(str(body[name]))
    except InvalidOperation as error:
        raise RefusedError(400, f"{name} must be a number", source=name) from error
    return amount * entry.exchange_rate
