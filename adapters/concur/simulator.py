"""One SAP Concur company as an ASGI app: `ConcurSimulator(...).app`.

It keeps state, goes by its clock, and refuses what the real system refuses. Where the sources about the real system
are silent, `Settings` has a switch.

`add_user`, `submit_report`, `approve_report` and their neighbours are what people do inside Concur: they need no
token and no HTTP. `documents` and `reports` show what became of it.

>>> from datetime import UTC, datetime
>>> from store.clock import VirtualClock
>>> concur = ConcurSimulator(
...     VirtualClock(datetime(2026, 3, 2, tzinfo=UTC)),
...     client_id="c",
...     client_secret="s",
...     company_uuid="6b0a2a5e-40f8-4c1c-9a35-7d8f3b1f7a10",
...     request_token="r",
... )
>>> concur.documents()
[]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from starlette.requests import Request

from adapters.concur.simulator_app import ConcurApp
from adapters.concur.simulator_body import advance_body, funds_body
from adapters.concur.simulator_budgets import Budgets
from adapters.concur.simulator_door import DoorState, TokenDoor
from adapters.concur.simulator_events import ExchangeRates, Subscriptions
from adapters.concur.simulator_expense_v3 import ExpenseV3
from adapters.concur.simulator_expense_v4 import ExpenseV4
from adapters.concur.simulator_fis import FinancialIntegration
from adapters.concur.simulator_http import Endpoint
from adapters.concur.simulator_list_desk import ListDesk
from adapters.concur.simulator_lists import Lists
from adapters.concur.simulator_money import check_decimals
from adapters.concur.simulator_people import SPEND_APPROVER, PeopleDesk
from adapters.concur.simulator_plan import ReportPlan
from adapters.concur.simulator_provisioning import Provisioning
from adapters.concur.simulator_published import published
from adapters.concur.simulator_reports import ReportDesk
from adapters.concur.simulator_settings import Settings
from adapters.concur.simulator_state import Advance, Report
from adapters.concur.simulator_users import Users
from adapters.concur.simulator_vendors import Vendors
from adapters.concur.simulator_views import document_view, report_view
from adapters.concur.simulator_workflow import Workflow
from adapters.concur.simulator_world import World
from adapters.simulation import Document, FaultPlan, FaultyApp, RequestLog, rewound
from store.clock import Clock


class ConcurSimulator:
    """One company. `app` is what a client talks to, faults included; `bare_app` is the same without them."""

    def __init__(
        self,
        clock: Clock,
        *,
        client_id: str,
        client_secret: str,
        company_uuid: str,
        request_token: str,
        faults: FaultPlan | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.clock = clock
        self.settings = settings = settings or Settings()
        self.faults = faults or FaultPlan(clock)
        self.world = World(clock, settings, company_uuid, client_id)
        self._people = PeopleDesk(self.world)
        self._reports = ReportDesk(self.world)
        self._lists = ListDesk(self.world)
        self._provisioning = Provisioning(self.world, self._people)
        self._vendors = Vendors(self.world)
        self._budgets = Budgets(self.world)
        self._subscriptions = Subscriptions(self.world)
        self.door = TokenDoor(
            clock,
            settings,
            client_id=client_id,
            client_secret=client_secret,
            company_uuid=company_uuid,
            request_token=request_token,
            user_of=self._people.sign_in,
        )
        self.bare_app = ConcurApp(self.world, self.door, self.endpoints())
        self.bare_app.settle_due = self._provisioning.settle_due
        self.app = FaultyApp(self.bare_app, self.faults, remember=lambda: rewound(self.dump, self.load))

    def endpoints(self) -> list[Endpoint]:
        """Return every operation that is served."""
        services = (
            FinancialIntegration(self.world, self._reports),
            ExpenseV3(self.world),
            ExpenseV4(self.world, self._reports),
            Workflow(self.world, self._reports),
            Lists(self.world, self._lists),
            Users(self.world, self._people),
            self._provisioning,
            self._vendors,
            self._budgets,
            self._subscriptions,
            ExchangeRates(self.world),
        )
        return [endpoint for service in services for endpoint in service.endpoints()]

    @property
    def requests(self) -> RequestLog:
        return self.bare_app.requests

    @property
    def hosts(self) -> Mapping[str, int]:
        """How often each base was asked: a client must go where `geolocation` points."""
        return self.bare_app.hosts

    def before_each_request(self, hook: Callable[[Request], None] | None) -> None:
        """Call `hook` before each request is served: for changes that happen between two pages."""
        self.bare_app.before_request = hook

    # -- tokens --------------------------------------------------------------------------------------

    def end_tokens(self) -> None:
        """Make every access token that is out worthless; refresh tokens stay."""
        self.door.end_tokens()

    def end_refresh_tokens(self) -> None:
        """Make every refresh token worthless, as when the company takes the connection back."""
        self.door.state.refresh_tokens.clear()

    def renew_request_token(self, token: str | None = None) -> str:
        """Issue the company request token again, or another one; it lives 24 hours from now."""
        return self.door.renew_request_token(token)

    # -- people --------------------------------------------------------------------------------------

    def add_user(
        self,
        login: str,
        *,
        employee_number: str,
        given_name: str,
        family_name: str,
        country: str = "DE",
        currency: str = "EUR",
        ledger: str = "DEFAULT",
        approver: str | None = None,
        manager: str | None = None,
        codes: Mapping[str, str] | None = None,
        roles: Sequence[str] = (),
        approval_limit: Decimal | None = None,
        reimbursement: str = "ACCOUNTS_PAYABLE",
        is_active: bool = True,
        is_test: bool = False,
        legal_entity: str | None = None,
        cost_centre: str | None = None,
        starts_on: date | None = None,
        password: str | None = None,
        user_id: str | None = None,
    ) -> str:
        """Add a person; return the id.

        `approver` and `manager` are logins. `codes` are list codes by field: orgUnit1, custom7.
        """
        return self._people.add(
            login,
            employee_number=employee_number,
            given_name=given_name,
            family_name=family_name,
            country=country,
            currency=currency,
            ledger=ledger,
            approver=approver,
            manager=manager,
            codes=codes or {},
            roles=roles,
            approval_limit=approval_limit,
            reimbursement=reimbursement,
            is_active=is_active,
            is_test=is_test,
            legal_entity=legal_entity,
            cost_centre=cost_centre,
            starts_on=starts_on,
            password=password,
            user_id=user_id,
        )

    def deactivate_user(self, login: str) -> None:
        """End an account, as when somebody leaves."""
        user = self.world.user_at(login)
        user.core["active"] = False
        user.enterprise["terminationDate"] = self.world.today().isoformat()
        self._people.changed(user, attributes=["active", "terminationDate"], originator="user interface")

    def set_approver(self, login: str, approver: str | None) -> None:
        """Give somebody another approver of reports, without the checks of provisioning."""
        user = self.world.user_at(login)
        found = (
            [{"approver": {"value": self.world.user_at(approver).id}, "primary": True}] if approver else []
        )
        user.spend = {**user.spend, SPEND_APPROVER: {**user.spend.get(SPEND_APPROVER, {}), "report": found}}
        self._people.changed(user, is_spend=True)

    def set_delegates(
        self,
        login: str,
        delegates: Sequence[str],
        *,
        starts_on: date | None = None,
        ends_on: date | None = None,
    ) -> None:
        """Let others approve reports for somebody; with both dates only between them."""
        found = [self.world.user_at(one) for one in delegates]
        self._people.delegate(self.world.user_at(login), found, starts_on, ends_on)

    def user(self, login: str) -> Document:
        """Return a person as the identity and Spend services show them, in one."""
        user = self.world.user_at(login)
        return self._people.spend_view(user) | self._people.identity_view(user)

    # -- lists ---------------------------------------------------------------------------------------

    def add_list(
        self, name: str, *, level_count: int = 1, fields: Sequence[str] = (), list_id: str | None = None
    ) -> str:
        """Add a list; return its id.

        `fields` are what it is behind: employee.orgUnit1, report.orgUnit1, entry.custom7, allocation.custom2.
        """
        made = self._lists.add_list(name, level_count=level_count, list_id=list_id)
        for one in fields:
            self.world.state.field_lists[one] = made.id
        return made.id

    def add_list_item(
        self,
        list_id: str,
        code: str,
        value: str,
        *,
        parent_code: str | None = None,
        also_in: Sequence[str] = (),
    ) -> str:
        """Add an item below `parent_code` (a long code), shared with other lists; return its id."""
        item = self._lists.add_item(list_id, code, value, parent_code=parent_code)
        for other in also_in:
            self._lists.share(item, other)
        return item.id

    def delete_list_item(self, list_id: str, code: str) -> None:
        """Delete an item by its long code, with all below it."""
        item = self.world.item_by_code(list_id, code)
        if item is None:
            raise KeyError(f"there is no item {code} in list {list_id}")
        self._lists.delete(item)

    def list_items(self, list_id: str) -> list[Document]:
        """Return the items of a list: long code, value, whether it is deleted."""
        found = [one for one in self.world.state.items.values() if list_id in one.list_ids]
        return [{"code": one.code, "value": one.value, "is_deleted": one.is_deleted} for one in found]

    # -- vendors, budgets, subscriptions -------------------------------------------------------------

    def put_vendor(self, record: Mapping[str, Any]) -> None:
        """Keep a vendor of Concur Invoice without asking anyone."""
        self._vendors.put(record)

    def vendors(self) -> list[Document]:
        return self.world.state.vendors

    def add_fiscal_year(self, name: str, starts_on: date) -> str:
        """Add a year of twelve months; return its id."""
        return self._budgets.add_fiscal_year(name, starts_on)

    def add_budget(
        self,
        name: str,
        *,
        year_id: str,
        monthly: Decimal,
        currency: str = "EUR",
        spent: Mapping[str, Decimal] | None = None,
        pending: Mapping[str, Decimal] | None = None,
        codes: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> str:
        """Add a budget of equal months; `spent` and `pending` are by period, such as `Mar 2026`; return its id."""
        return self._budgets.add_budget(
            name,
            year_id=year_id,
            currency=currency,
            monthly=monthly,
            spent=spent or {},
            pending=pending or {},
            codes=codes or {},
            owner=owner,
        )

    def delivered(self, subscription_id: str) -> list[Document]:
        """Return the events that a webhook subscription would have got since it was saved."""
        return self._subscriptions.delivered(subscription_id)

    def settle_due(self) -> None:
        """Do what the clock says should have happened; requests do it by themselves."""
        self._provisioning.settle_due()

    # -- reports -------------------------------------------------------------------------------------

    def create_report(self, plan: ReportPlan) -> str:
        """Add a draft; return the report id."""
        return self._reports.create(plan).id

    def submit_report(self, report: ReportPlan | str) -> str:
        """Submit a plan, or the report of an id; return the report id. It waits in the first step then."""
        found = self._reports.create(report) if isinstance(report, ReportPlan) else self._report(report)
        self._reports.submit(found)
        return found.id

    def approve_report(
        self,
        report: ReportPlan | str,
        *,
        by: str | None = None,
        is_final: bool = True,
        comment: str | None = None,
    ) -> str:
        """Approve a submitted report, or a plan that is submitted first; return the report id.

        `by` is a login; None: whoever should. With `is_final` all steps that are left are taken, and a financial
        document is READY; without, one step.
        """
        report_id = self.submit_report(report) if isinstance(report, ReportPlan) else report
        found = self._report(report_id)
        self._reports.approve_step(found, by, comment)
        if is_final:
            self._reports.approve_all(found, by)
        return report_id

    def send_back_report(
        self, report_id: str, *, by: str | None = None, comment: str = "Please correct"
    ) -> None:
        """Return a report to its owner from the step that it waits in."""
        self._reports.send_back(self._report(report_id), by, comment)

    def recall(self, report_id: str) -> None:
        """Take a report back: before or after the acknowledgement, or after a failed posting."""
        self._reports.recall(self._report(report_id))

    def resubmit(self, report_id: str, plan: ReportPlan | None = None) -> str:
        """Submit a returned report again, changed as `plan` says, and approve it; return the new document's id."""
        report = self._report(report_id)
        if plan is not None:
            self._reports.replace(report, plan)
        self._reports.submit(report)
        self._reports.approve_all(report)
        return self.world.documents_about(report_id)[-1].id

    def edit_entry(self, report_id: str, position: int, *, description: str) -> None:
        """Change an expense and nothing of the header: `LastModifiedDate` of the report does not move."""
        entry = self._report(report_id).entries[position]
        entry.description = description
        entry.modified_at = self.world.now()

    def delete_report(self, report_id: str) -> None:
        """Delete a report that was never approved."""
        report = self._report(report_id)
        if report.approval not in ("A_NOTF", "A_RESU"):
            raise ValueError(f"report {report_id} cannot be deleted: it is {report.approval}")
        del self.world.state.reports[report_id]
        facts = {
            "companyId": self.world.company_uuid,
            "userId": report.owner_id,
            "reportId": report_id,
            "reportType": "Regular",
        }
        self.world.emit("reportDeleted", "public.concur.expense.report", self.world.company_uuid, facts)

    def lock_report(self, report_id: str, *, is_locked: bool = True) -> None:
        """Let another operation run on a report: writes get 409 meanwhile."""
        self._report(report_id).is_locked = is_locked

    # -- other documents -----------------------------------------------------------------------------

    def issue_cash_advance(
        self,
        employee: str,
        amount: Decimal,
        currency: str,
        *,
        name: str = "Cash advance",
        account: str = "CADV",
        is_test: bool = False,
        advance_id: str | None = None,
    ) -> str:
        """Issue a cash advance; its document is READY; return the advance's id."""
        check_decimals(amount, currency, "the advance")
        world = self.world
        owner = world.user_at(employee)
        advance = Advance(
            advance_id or world.guid("advance"), owner.id, amount, currency, world.now(), account
        )
        world.state.advances[advance.id] = advance
        self._reports.make_document(
            "cashadvance", advance.id, advance_body(world, advance, name, is_test=is_test)
        )
        return advance.id

    def request_funds_check(
        self, report: ReportPlan | str, *, instruction: str = "fundsCheck", by_request: bool = False
    ) -> str:
        """Ask the ERP whether there is budget for a submitted report; return the document's id."""
        found = self._report(self.submit_report(report) if isinstance(report, ReportPlan) else report)
        body = funds_body(self.world, found, instruction)
        doc_type = "requestobligation" if by_request else "reportobligation"
        if by_request:
            body["requestHeader"] = {"requestId": found.id, "name": found.name}
            body["employee"] |= {"employeeReimbursementCurrency": body["report"]["employeeCurrencyAlphaCode"]}
        return self._reports.make_document(doc_type, found.id, body).id

    def put_fis_document(
        self, raw: str | bytes | Mapping[str, Any], *, doc_type: str | None = None, is_ready: bool = False
    ) -> list[str]:
        """Serve published documents as they are: an envelope, one element of one, or a bare body; return ids.

        With `is_ready` they go into the queue, whatever status and system they were published with.
        """
        documents = published(self.world, raw, doc_type)
        for one in documents:
            if is_ready:
                one.status, one.system, one.is_acknowledged = "READY", None, False
            self.world.keep_document(one)
            if one.status == "READY":
                self._reports.announce(one)
        return [one.id for one in documents]

    # -- what happened -------------------------------------------------------------------------------

    @property
    def events(self) -> list[Document]:
        """Every event that a subscription could have got, oldest first."""
        return self.world.state.events

    def documents(self) -> list[Document]:
        """Return each financial document with what was confirmed of it, oldest first."""
        found = sorted(self.world.state.documents.values(), key=lambda one: one.sequence)
        return [document_view(one) for one in found]

    def document(self, document_id: str) -> Document:
        return document_view(self.world.state.documents[document_id])

    def reports(self) -> list[Document]:
        """Return each report as it stands, oldest first."""
        return [report_view(self.world, one) for one in self.world.state.reports.values()]

    def report(self, report_id: str) -> Document:
        return report_view(self.world, self._report(report_id))

    def dump(self) -> Document:
        """Return the whole state, faults that struck included, as JSON values."""
        return {
            "world": self.world.dump(),
            "door": msgspec.to_builtins(self.door.state),
            "faults": self.faults.dump(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Become what `dump()` described."""
        self.world.load(state["world"])
        self.door.state = msgspec.convert(state["door"], DoorState)
        self.faults.load(state["faults"])

    def _report(self, report_id: str) -> Report:
        report = self.world.state.reports.get(report_id)
        if report is None:
            raise KeyError(f"there is no report {report_id}")
        return report
