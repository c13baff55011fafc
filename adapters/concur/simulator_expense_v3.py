"""Expense v3: reports of the whole company, their entries, itemizations and allocations.

A page's `offset` is a signed text that carries the filters: `NextPage` names nothing else, and another host.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Final
from urllib.parse import quote

import msgspec

from adapters.concur.simulator_build import PAYMENT_NAMES as PAYMENT_KINDS
from adapters.concur.simulator_http import PEOPLE, Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_state import Entry, Report
from adapters.concur.simulator_totals import has_tax
from adapters.concur.simulator_v3_views import ROOT, V3Views
from adapters.concur.simulator_world import World
from adapters.simulation import Document

ALLOCATIONS_MAX: Final = 100
_DATES: Final[Mapping[str, Callable[[Report], datetime | None]]] = {
    "modifiedDate": lambda one: one.modified_at,
    "submitDate": lambda one: one.submitted_at,
    "createDate": lambda one: one.created_at,
    "processingPaymentDate": lambda one: one.processing_at,
    "paidDate": lambda one: one.paid_at,
    "userDefinedDate": lambda one: datetime(one.dated.year, one.dated.month, one.dated.day, tzinfo=UTC),
}
Show = Callable[[], Document]
"""Makes a view, when it is on the page that is asked for."""
Row = tuple[int, Show]
"""Place in the order that never changes, and the view."""


class ExpenseV3:
    """Reads only: reports are written by people in Concur."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._views = V3Views(world)
        self._key = hashlib.sha256(f"{world.settings.seed}/offsets".encode()).digest()

    def endpoints(self) -> list[Endpoint]:
        def get(path: str, handle: Callable[[Ask], Answer]) -> Endpoint:
            return Endpoint("GET", f"{ROOT}/{path}", "legacy", handle, ("EXPRPT",), PEOPLE)

        return [
            get("reports", self._reports),
            get("reports/{id}", self._report),
            get("entries", self._entries),
            get("itemizations", self._itemizations),
            get("allocations", self._allocations),
        ]

    # -- reports -------------------------------------------------------------------------------------

    def _reports(self, ask: Ask) -> Answer:
        def rows(filters: Mapping[str, str]) -> Iterator[Row]:
            matches = self._matcher(filters)
            for report in self._visible(ask, filters):
                if matches(report):
                    yield report.key, partial(self._views.report, report)

        return self._page(ask, "reports", rows, most=self._world.settings.v3_limit_max)

    def _report(self, ask: Ask) -> Answer:
        asked = ask.query.get("user")
        if asked is not None and asked.upper() == "ALL":
            raise RefusedError(400, "user=ALL is not allowed for a single report", source="user")
        report = self._world.state.reports.get(ask.params["id"])
        own = ask.caller.user_id is not None and report is not None and report.owner_id == ask.caller.user_id
        if asked is None and not own:
            raise RefusedError(
                400, "The user parameter is required unless the report is yours", source="user"
            )
        if report is None or (asked is not None and not self._is_owner(report, asked)):
            raise RefusedError(404, "The report does not exist or is not visible")
        return Answer(200, self._views.report(report))

    def _visible(self, ask: Ask, filters: Mapping[str, str]) -> Iterable[Report]:
        """Return the reports that a caller may see, in a lasting order."""
        reports = sorted(self._world.state.reports.values(), key=lambda one: one.key)
        asked = filters.get("user")
        if asked is None:
            return [one for one in reports if one.owner_id == ask.caller.user_id]
        if asked.upper() == "ALL":
            return reports
        return [one for one in reports if self._is_owner(one, asked)]

    def _is_owner(self, report: Report, login: str) -> bool:
        user = self._world.find_user(login)
        return user is not None and user.id == report.owner_id

    def _matcher(self, filters: Mapping[str, str]) -> Callable[[Report], bool]:
        tests: list[Callable[[Report], bool]] = []
        for name, value in filters.items():
            test = self._test(name, value)
            if test is not None:
                tests.append(test)
        return lambda report: all(test(report) for test in tests)

    def _test(self, name: str, value: str) -> Callable[[Report], bool] | None:
        """Return what one filter asks of a report."""
        for stem, read in _DATES.items():
            if name in (f"{stem}After", f"{stem}Before"):
                return _date_test(read, _instant(name, value), is_after=name.endswith("After"))
        if name in ("entryTransactionDateAfter", "entryTransactionDateBefore"):
            day, is_after = _instant(name, value).date(), name.endswith("After")
            return lambda one: any((e.spent_on > day) == is_after and e.spent_on != day for e in one.entries)
        codes = value.split(",")
        by_code: dict[str, Callable[[Report], bool]] = {
            "approvalStatusCode": lambda one: one.approval in codes,
            "paymentStatusCode": lambda one: one.payment in codes,
            "currencyCode": lambda one: one.currency == value,
            "countryCode": lambda one: one.country == value,
            "expenseTypeCode": lambda one: any(e.expense_type == value for e in one.entries),
            "paymentType": lambda one: any(PAYMENT_KINDS[e.payment][0] == value for e in one.entries),
            "vendorName": lambda one: any(e.vendor == value for e in one.entries),
            "approverLoginID": lambda one: self._login(one.approver_id) == value,
        }
        if name in by_code:
            return by_code[name]
        flags: dict[str, Callable[[Report], bool]] = {
            "hasVAT": lambda one: any(has_tax(e) for e in one.entries),
            "hasImages": lambda one: False,
            "hasAttendees": lambda one: False,
            "hasBillableExpenses": lambda one: any(e.is_billable for e in one.entries),
            "isTestUser": lambda one: one.is_test,
        }
        if name in flags:
            if value.lower() not in ("true", "false"):
                raise RefusedError(400, f"{name} must be true or false", source=name)
            read_flag, wanted = flags[name], value.lower() == "true"
            return lambda one: read_flag(one) == wanted
        return None

    # -- entries, itemizations, allocations ----------------------------------------------------------

    def _entries(self, ask: Ask) -> Answer:
        def shows(report: Report, one: Entry, filters: Mapping[str, str]) -> Show | None:
            kept = one.parent_id is None and _entry_matches(one, filters)
            return partial(self._views.entry, report, one) if kept else None

        return self._below(ask, "entries", shows)

    def _itemizations(self, ask: Ask) -> Answer:
        def shows(report: Report, one: Entry, filters: Mapping[str, str]) -> Show | None:
            if one.parent_id is None or not _entry_matches(one, filters):
                return None
            parent = next(e for e in report.entries if e.id == one.parent_id)
            if filters.get("entryID") not in (None, parent.v3_id):
                return None
            return partial(self._views.itemization, report, one, parent)

        return self._below(ask, "itemizations", shows)

    def _below(
        self, ask: Ask, kind: str, shows: Callable[[Report, Entry, Mapping[str, str]], Show | None]
    ) -> Answer:
        def rows(filters: Mapping[str, str]) -> Iterator[Row]:
            for report in self._visible(ask, filters):
                if filters.get("reportID") not in (None, report.id):
                    continue
                for entry in report.entries:
                    show = shows(report, entry, filters)
                    if show is not None:
                        yield entry.key, show

        return self._page(ask, kind, rows, most=self._world.settings.v3_limit_max)

    def _allocations(self, ask: Ask) -> Answer:
        def rows(filters: Mapping[str, str]) -> Iterator[Row]:
            for report in self._visible(ask, filters):
                if filters.get("reportID") not in (None, report.id):
                    continue
                for entry in report.entries:
                    top = next((e for e in report.entries if e.id == entry.parent_id), entry)
                    if filters.get("entryID") not in (None, top.v3_id):
                        continue
                    if filters.get("itemizationID") not in (None, entry.v3_id):
                        continue
                    for place, one in enumerate(entry.allocations):
                        yield entry.key * 1000 + place, partial(self._views.allocation, top, one)

        if ask.count("limit", 25, least=1) > ALLOCATIONS_MAX:
            raise RefusedError(400, f"limit must be at most {ALLOCATIONS_MAX}", source="limit")
        return self._page(ask, "allocations", rows, most=ALLOCATIONS_MAX)

    def _login(self, user_id: str | None) -> str | None:
        user = self._world.state.users.get(user_id or "")
        return user.login if user else None

    # -- pages ---------------------------------------------------------------------------------------

    def _page(
        self,
        ask: Ask,
        kind: str,
        rows: Callable[[Mapping[str, str]], Iterator[Row]],
        *,
        most: int,
    ) -> Answer:
        limit = min(ask.count("limit", 25, least=1), most)
        filters = {name: value for name, value in ask.query.items() if name not in ("limit", "offset")}
        after = 0
        if "offset" in ask.query:
            after, filters = self._opened(kind, ask.query["offset"])
        found = list(islice((row for row in rows(filters) if row[0] > after), limit + 1))
        shown = found[:limit]
        following = None
        if len(found) > limit:
            offset = self._closed(kind, shown[-1][0], filters)
            host = self._world.settings.legacy_host
            following = f"{host}{ROOT}/{kind}?offset={quote(offset)}&limit={limit}"
        return Answer(200, {"Items": [show() for _, show in shown], "NextPage": following})

    def _closed(self, kind: str, after: int, filters: Mapping[str, str]) -> str:
        text = msgspec.json.encode([kind, after, dict(filters)])
        signature = hmac.new(self._key, text, hashlib.sha256).digest()[:12]
        return base64.urlsafe_b64encode(signature + text).decode()

    def _opened(self, kind: str, offset: str) -> tuple[int, dict[str, str]]:
        try:
            raw = base64.urlsafe_b64decode(offset.encode())
        except (binascii.Error, ValueError):
            raw = b""
        signature, text = raw[:12], raw[12:]
        if not hmac.compare_digest(signature, hmac.new(self._key, text, hashlib.sha256).digest()[:12]):
            raise RefusedError(400, "The offset is not valid", source="offset")
        made_for, after, filters = msgspec.json.decode(text)
        if made_for != kind:
            raise RefusedError(400, "The offset is not valid here", source="offset")
        return after, filters


def _entry_matches(one: Entry, filters: Mapping[str, str]) -> bool:
    tests = {
        "expenseTypeCode": one.expense_type,
        "isBillable": str(one.is_billable).lower(),
        "hasVAT": str(has_tax(one)).lower(),
    }
    return all(filters[name] == value for name, value in tests.items() if name in filters)


def _date_test(
    read: Callable[[Report], datetime | None], limit: datetime, *, is_after: bool
) -> Callable[[Report], bool]:
    def test(report: Report) -> bool:
        at = read(report)
        return at is not None and (at > limit if is_after else at < limit)

    return test


def _instant(name: str, value: str) -> datetime:
    """Read `YYYY-MM-DD` or `YYYY-MM-DDThh:mm:ss[.fff]`; no zone: UTC."""
    try:
        parsed: datetime | None = datetime.fromisoformat(value)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is not None:
        raise RefusedError(
            400, f"{name} must be YYYY-MM-DD or YYYY-MM-DDThh:mm:ss, not {value!r}", source=name
        )
    return parsed.replace(tzinfo=UTC)
