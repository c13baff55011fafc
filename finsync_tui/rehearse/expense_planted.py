"""The trouble that is planted in the expenses, beside that of the orders.

As there, each plant has a class, a subject and a time, and no report has two of them. What has to hit one document
alone, and can't be told from others by its body, happens on a Saturday of its own: nobody else approves then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from adapters.concur.simulator_plan import EntryPlan, ReportPlan, TaxPlan
from adapters.simulation import Fault
from finsync_tui.rehearse import catalogue as books
from finsync_tui.rehearse import expense_catalogue as catalogue
from finsync_tui.rehearse import expense_people as people
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.expense_catalogue import SOURCE
from finsync_tui.rehearse.expense_claims import approver_for, owed
from finsync_tui.rehearse.expense_shapes import Claim, Correction, Employee, Expenses
from finsync_tui.rehearse.planted import CLOSED_ON, Closure, Level, Plant, Scenario
from finsync_tui.rehearse.purchases import is_working_day

BUSINESS: Final = {
    "MAPPING_MISSING": 9,
    "ACCOUNT_MISSING": 6,
    "ACCOUNT_INVALID": 6,
    "COST_CENTRE_INACTIVE": 5,
    "COST_CENTRE_MISSING": 6,
    "PERIOD_CLOSED": 4,
    "EMPLOYEE_UNKNOWN": 4,
    "APPROVER_SELF": 4,
    "APPROVER_MISSING": 3,
    "APPROVER_STALE": 4,
    "APPROVAL_LIMIT": 4,
    "TOTALS_DIFFER": 4,
    "PAYLOAD_INVALID": 2,
    "TEST_DOCUMENT": 3,
}
"""How many of each class at scale 1: an exception, or back to the employee with that reason."""
HISTORY: Final = {"RECALLED": 6, "PAYMENT_REVERSED": 3}
"""What people and banks do in between: the expense tool and the ERP must both show it in the end."""
TECHNICAL: Final = {"THROTTLED": 6, "OUTCOME_UNKNOWN": 10, "APPROVED_BY_DELEGATE": 5, "MAINTENANCE": 1}
"""They must come out as findings, and nothing may come of them."""
STORM: Final = {"UNAVAILABLE": 6}
STORM_FACTOR: Final = 3
LEASTS: Final = {"MAPPING_MISSING": 2, "RECALLED": 3, "OUTCOME_UNKNOWN": 5}
"""Classes with several ways of going wrong have one of each, however small the company."""
FINDINGS: Final = frozenset((*TECHNICAL, *STORM))
RETURNED_AT_ONCE: Final = {"FR01": ("COST_CENTRE_MISSING", "APPROVER_SELF"), "US01": ("TOTALS_DIFFER",)}
"""Classes that a company sends back to the employee without asking an analyst."""

DEFECTS: Final = {
    "TOTALS_DIFFER": ("total_is_wrong", "line_is_wrong"),
    "PAYLOAD_INVALID": ("employee_missing", "amount_is_a_word"),
}
_ACKNOWLEDGE: Final = r"/acknowledgements(\?|$)"
_CONFIRM: Final = r"/postingconfirmations(\?|$)"
_PAYMENT: Final = r"/paymentconfirmations(\?|$)"
_INVOICE: Final = r"/invoices(\?|$)"
_IMPORT: Final = r"/erpintegrations(\?|$)"
_QUEUE: Final = r"/transactiontypes/expense/transactions\?"
_NOON: Final = timedelta(hours=12)
_ASKED_WAIT_S: Final = 3600
RECALLED_AFTER: Final = timedelta(minutes=45)
"""After noon: after the engine was asked to wait an hour, before the hour is over."""
_LAST_PAYMENT: Final = timedelta(days=30)
"""Before the end of the year what is paid twice is approved."""


def plant(scenario: Scenario, level: Level, scale: float) -> Scenario:
    """Return the scenario with the trouble of its expenses; the same scenario and level give the same."""
    field_ = _Field(scenario)
    for class_, count in (BUSINESS | HISTORY).items():
        for n in range(_scaled(class_, count, scale)):
            _PLANTERS[class_](field_, class_, n)
    factor = STORM_FACTOR if level == "storm" else 1
    for class_, count in TECHNICAL.items() if level != "none" else ():
        for n in range(_scaled(class_, count * factor, scale)):
            _PLANTERS[class_](field_, class_, n)
    for class_, count in STORM.items() if level == "storm" else ():
        for n in range(_scaled(class_, count, scale)):
            _PLANTERS[class_](field_, class_, n)
    return field_.scenario()


def _scaled(class_: str, count: int, scale: float) -> int:
    return max(LEASTS.get(class_, 1), round(count * scale))


@dataclass
class _Field:
    """What is planted so far, and which reports, names and Saturdays are still free."""

    before: Scenario
    plants: list[Plant] = field(default_factory=list)
    claims: dict[str, Claim] = field(default_factory=dict)
    hired: dict[str, Employee] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.company = self.before.company
        self.expenses = self.company.expenses
        self.chance = dice(self.company.seed, "planted expenses")
        self.free = [one for one in self.expenses.claims.values() if not one.plan.advances]
        self.chance.shuffle(self.free)
        self._names = people.names(self.company.seed)[len(self.expenses.employees) :]
        self._saturdays = self._quiet_saturdays()
        self._weeks = list(range(5, 47, 4))  # never those of the ERPs
        self.chance.shuffle(self._weeks)

    def _quiet_saturdays(self) -> list[datetime]:
        """Return Saturdays on which no ledger is closed, shuffled."""
        closed = {one.closed_at.date() for one in self.before.closures}
        first = self.company.starts_at
        days = [first + timedelta(days=n) for n in range(9, 330)]
        found = [one for one in days if one.weekday() == 5 and one.date() not in closed]
        self.chance.shuffle(found)
        return found

    def take(self, fits: Callable[[Claim], bool] = lambda claim: True) -> Claim | None:
        """Return a free report that fits and is free no longer; None: there is none left."""
        for n, claim in enumerate(self.free):
            if fits(claim):
                return self.free.pop(n)
        return None

    def saturday(self) -> datetime | None:
        """Return the midnight of a Saturday that nobody else has."""
        return self._saturdays.pop() if self._saturdays else None

    def week(self) -> int | None:
        return self._weeks.pop() if self._weeks else None

    def closures(self) -> Sequence[Closure]:
        return self.before.closures

    def hire(self, like: Claim, **changes: object) -> Employee:
        """Take on somebody of the report's company, below a manager; nobody else knows them."""
        place = len(self.hired)
        first, last = self._names[place]
        superior = self.expenses.employees[like.employee].superior
        made = Employee(
            number=f"E{people.FIRST_NUMBER + 500 + place}",
            first_name=first,
            last_name=last,
            legal_entity=like.legal_entity,
            grade="staff",
            superior=superior,
        )
        made = replace(made, **changes)  # type: ignore[arg-type]
        self.hired[made.number] = made
        return made

    def given_to(self, claim: Claim, owner: Employee) -> Claim:
        """Return the report as another's, approved by who may."""
        plan = replace(claim.plan, employee=owner.login)
        approver = approver_for(self.people, owner.number, claim.total) if owner.superior else None
        return replace(claim, employee=owner.number, plan=plan, approver=approver)

    @property
    def people(self) -> Expenses:
        return Expenses({**self.expenses.employees, **self.hired})

    def note(self, class_: str, claim: Claim, system: str = SOURCE) -> None:
        self.claims[claim.report_id] = claim
        self.plants.append(
            Plant(class_, claim.plan.name, claim.report_id, system, claim.approved_at, about="expense")
        )

    def target(self, claim: Claim) -> str:
        return self.company.legal_entities[claim.legal_entity].system

    def add_fault(self, system: str, fault: Fault) -> None:
        self.faults.setdefault(system, []).append(fault)

    def scenario(self) -> Scenario:
        expenses = replace(
            self.expenses,
            employees={**self.expenses.employees, **self.hired},
            claims={**self.expenses.claims, **self.claims},
        )
        faults: Mapping[str, tuple[Fault, ...]] = {
            system: (*self.before.faults.get(system, ()), *self.faults.get(system, ()))
            for system in dict.fromkeys((*self.before.faults, *self.faults))
        }
        plants = (*self.before.plants, *sorted(self.plants, key=lambda one: (one.at, one.subject)))
        return replace(
            self.before, company=replace(self.company, expenses=expenses), plants=plants, faults=faults
        )


# -- business trouble ------------------------------------------------------------------------------------


def _with_first(claim: Claim, **changes: object) -> Claim:
    """Return the report with another first expense."""
    first, *others = claim.plan.entries
    changed: EntryPlan = replace(first, **changes)  # type: ignore[arg-type]
    return replace(claim, plan=replace(claim.plan, entries=(changed, *others)))


def _is_plain(claim: Claim) -> bool:
    """A report whose first expense is a normal one that costs something."""
    first = claim.plan.entries[0]
    return first.amount > 0 and not first.is_personal


def _mapping(field_: _Field, class_: str, n: int) -> None:
    """An expense on an account, a cost centre or a tax that no mapping table knows."""
    claim = field_.take(lambda one: _is_plain(one) and (n % 3 != 2 or one.legal_entity != "US01"))
    if claim is None:
        return
    code, name = catalogue.UNKNOWN_TYPE
    if n % 3 == 0:
        changed = _with_first(
            claim, expense_type=code, expense_name=name, account=catalogue.UNKNOWN_ACCOUNT, taxes=()
        )
    elif n % 3 == 1:
        changed = _charged_to(claim, books.UNMAPPED_CENTRE)
    else:
        country = field_.company.legal_entities[claim.legal_entity].country
        tax = TaxPlan(
            amount=Decimal("1.00"),
            reclaim=Decimal("1.00"),
            code=catalogue.UNKNOWN_RECLAIM,
            reclaim_code=catalogue.UNKNOWN_RECLAIM,
            country=country,
        )
        changed = _with_first(claim, taxes=(tax,))
    field_.note(class_, changed)


def _charged_to(claim: Claim, centre: str) -> Claim:
    code = books.source_centre(claim.legal_entity, centre)
    return _with_first(claim, splits=(), codes={catalogue.CENTRE_FIELD: code})


def _account_missing(field_: _Field, class_: str, n: int) -> None:
    """An expense type for which the expense tool has no account, and the mapping table has no rule."""
    claim = field_.take(_is_plain)
    if claim is not None:
        code, name = catalogue.UNKNOWN_TYPE
        field_.note(class_, _with_first(claim, expense_type=code, expense_name=name, account=""))


def _account_invalid(field_: _Field, class_: str, n: int) -> None:
    """A combination that a cross-validation rule of the ERP forbids: an invoice is refused at once, a journal later."""
    claim = field_.take(_is_plain)
    if claim is not None:
        code, name, target = catalogue.FORBIDDEN_TYPE
        account = catalogue.account(claim.legal_entity, target)
        charged = _charged_to(claim, books.FORBIDDEN[0])
        changed = _with_first(charged, expense_type=code, expense_name=name, account=account)
        field_.note(class_, changed, field_.target(claim))


def _inactive(field_: _Field, class_: str, n: int) -> None:
    """An expense charged to a cost centre that the ERP has closed some days before."""
    claim = field_.take(
        lambda one: (
            _is_plain(one) and one.approved_at.date() > CLOSED_ON[one.legal_entity] + timedelta(days=3)
        )
    )
    if claim is not None:
        field_.note(
            class_, _charged_to(claim, books.CLOSING_CENTRE[claim.legal_entity]), field_.target(claim)
        )


def _missing_centre(field_: _Field, class_: str, n: int) -> None:
    """An expense without a cost centre. In one company it goes back at once, is corrected and comes again."""
    is_french = n % 2 == 0
    last = field_.company.ends_at - _LAST_PAYMENT
    claim = field_.take(
        lambda one: (
            _is_plain(one)
            and (one.legal_entity == "FR01") == is_french
            and one.approved_at < last
            and _is_for_first(field_, one)
        )
    )
    if claim is None:
        return
    changed = _with_first(claim, splits=(), codes={})
    if is_french:
        changed = replace(changed, correction=_correction(claim, 4))
    field_.note(class_, changed)


def _is_for_first(field_: _Field, claim: Claim) -> bool:
    """Whether the first superior approves it: who submits again is not asked twice."""
    return claim.approver == field_.expenses.employees[claim.employee].superior


def _correction(claim: Claim, days: int) -> Correction:
    at = claim.approved_at + timedelta(days=days)
    while not is_working_day(at.date()):
        at += timedelta(days=1)
    return Correction(at.replace(hour=15, minute=claim.approved_at.minute), claim.plan)


def _period(field_: _Field, class_: str, n: int) -> None:
    """An approval on a Saturday on which the ledger's period is closed, as it is for the orders."""
    if not field_.closures():
        return
    closure = field_.closures()[n % len(field_.closures())]
    ledgers = {number: one.ledger for number, one in field_.company.legal_entities.items()}
    claim = field_.take(lambda one: _is_plain(one) and ledgers[one.legal_entity] == closure.ledger)
    if claim is None:
        return
    at = closure.closed_at + timedelta(hours=6) - timedelta(minutes=field_.chance.randint(5, 170))
    field_.note(class_, _moved(claim, at), field_.target(claim))


def _moved(claim: Claim, approved_at: datetime) -> Claim:
    return replace(claim, approved_at=approved_at, submitted_at=approved_at - timedelta(days=1, hours=2))


def _unknown_payee(field_: _Field, class_: str, n: int) -> None:
    """Somebody new whom nobody has made a payee in the ERP yet."""
    claim = field_.take(
        lambda one: one.legal_entity != "US01" and owed(one) > 0 and _is_for_first(field_, one)
    )
    if claim is not None:
        owner = field_.hire(claim, is_payee=False)
        field_.note(class_, field_.given_to(claim, owner), field_.target(claim))


def _self(field_: _Field, class_: str, n: int) -> None:
    """Somebody who approved their own report."""
    claim = field_.take()
    if claim is not None:
        field_.note(class_, replace(claim, approver=claim.employee))


def _no_approver(field_: _Field, class_: str, n: int) -> None:
    """Somebody without a superior, whose report nobody approved."""
    claim = field_.take()
    if claim is not None:
        owner = field_.hire(claim, superior=None)
        field_.note(class_, field_.given_to(claim, owner))


def _stale(field_: _Field, class_: str, n: int) -> None:
    """An approver who does not work here any more, or one who has nothing to say there."""
    claim = field_.take(lambda one: field_.expenses.employees[one.employee].grade == "staff")
    if claim is None:
        return
    if n % 2 == 0:
        who = field_.hire(claim, grade="manager", limit=people.LIMITS["manager"], is_active=False).number
    else:
        owner = field_.expenses.employees[claim.employee]
        who = next(
            one.number
            for one in field_.expenses.employees.values()
            if one.grade == "staff" and one.legal_entity == owner.legal_entity and one.number != owner.number
        )
    field_.note(class_, replace(claim, approver=who))


def _limit(field_: _Field, class_: str, n: int) -> None:
    """A report above what its approver may approve."""
    claim = field_.take(lambda one: one.total > 60 and _is_for_first(field_, one))
    if claim is None:
        return
    boss = field_.hire(claim, grade="manager", limit=Decimal(50))
    owner = field_.hire(claim, superior=boss.number)
    field_.note(class_, replace(field_.given_to(claim, owner), approver=boss.number))


def _damage(field_: _Field, class_: str, n: int) -> None:
    """A document that does not add up, or that can't be read."""
    claim = field_.take(_is_plain)
    if claim is not None:
        defects = DEFECTS[class_]
        field_.note(class_, replace(claim, defect=defects[n % len(defects)]))


def _test_document(field_: _Field, class_: str, n: int) -> None:
    """A report of a test: it is never posted."""
    claim = field_.take()
    if claim is not None:
        field_.note(class_, replace(claim, plan=replace(claim.plan, is_test=True)))


# -- what people and banks do ----------------------------------------------------------------------------


def _recalled(field_: _Field, class_: str, n: int) -> None:
    """A report that is taken back: before it is locked, or when it is posted and not yet confirmed; then it comes again."""
    entity = ("", "", "US01")[n % 3]
    claim = field_.take(
        lambda one: (
            _is_plain(one)
            and _is_for_first(field_, one)
            and (one.legal_entity == "US01") == (entity == "US01")
        )
    )
    day = field_.saturday() if claim is not None else None
    if claim is None or day is None:
        return
    moved = _moved(claim, day + timedelta(hours=10, minutes=20))
    path = _ACKNOWLEDGE if n % 3 == 0 else _CONFIRM
    _throttle_on(field_, day, path, f"recalled-{claim.report_id}", _ASKED_WAIT_S)
    changed = replace(moved, recalled_at=day + _NOON + RECALLED_AFTER, correction=_correction(moved, 4))
    field_.note(class_, changed)
    field_.note("THROTTLED", changed)


def _throttle_on(field_: _Field, day: datetime, path: str, name: str, wait_s: int) -> None:
    field_.add_fault(
        SOURCE, _on(day, Fault(f"throttle-{name}", "throttle", "POST", path, retry_after_s=wait_s))
    )


def _on(day: datetime, fault: Fault) -> Fault:
    """Return the fault as one of that Saturday, from before noon on."""
    return replace(fault, starts_at=day + timedelta(hours=10), ends_at=day + timedelta(hours=36))


def _reversed(field_: _Field, class_: str, n: int) -> None:
    """A payment that the bank sends back, and that is made again."""
    claim = _paid_claim(field_)
    if claim is None:
        return
    owner = field_.hire(claim)
    at = (claim.approved_at + timedelta(days=16)).replace(hour=9, minute=30)
    field_.note(class_, replace(field_.given_to(claim, owner), voided_at=at), field_.target(claim))


def _paid_claim(field_: _Field) -> Claim | None:
    """Return a report whose owner the ERP will pay."""
    last = field_.company.ends_at - _LAST_PAYMENT
    return field_.take(
        lambda one: (
            one.legal_entity != "US01"
            and one.approved_at < last
            and _is_for_first(field_, one)
            and owed(one) > 0
        )
    )


# -- technical trouble -----------------------------------------------------------------------------------


def _throttled(field_: _Field, class_: str, n: int) -> None:
    """The expense tool asks to come back later when a document is taken, or the ERP when it is posted."""
    wait_s = field_.chance.choice((30, 60, 120, 900))
    if n % 2 == 0:
        claim = field_.take(_is_plain)
        day = field_.saturday() if claim is not None else None
        if claim is None or day is None:
            return
        _throttle_on(field_, day, _ACKNOWLEDGE, claim.report_id, wait_s)
        field_.note(class_, _moved(claim, day + timedelta(hours=10, minutes=30)))
        return
    claim = _paid_claim(field_)
    if claim is not None:
        owner = field_.hire(claim)
        fault = Fault(
            f"throttle-{claim.report_id}", "throttle", "POST", _INVOICE, owner.name, retry_after_s=wait_s
        )
        field_.add_fault(field_.target(claim), fault)
        field_.note(class_, field_.given_to(claim, owner), field_.target(claim))


def _unknown_outcome(field_: _Field, class_: str, n: int) -> None:
    """No answer comes: when an invoice, a journal, the lock, the confirmation or a payment is told."""
    kind = n % 5
    is_saved = (n // 5) % 2 == 0
    how = "lost_answer" if is_saved else "reset"
    if kind in (0, 4):
        _lost_by_name(field_, class_, how, is_payment=kind == 4)
        return
    claim = field_.take(lambda one: _is_plain(one) and (one.legal_entity == "US01") == (kind == 1))
    day = field_.saturday() if claim is not None else None
    if claim is None or day is None:
        return
    path = {1: _IMPORT, 2: _ACKNOWLEDGE, 3: _CONFIRM}[kind]
    system = field_.target(claim) if kind == 1 else SOURCE
    name = f"{how}-{claim.report_id}"
    fault = Fault(name, "lost_answer" if is_saved else "reset", "POST", path)
    field_.add_fault(system, _on(day, fault))
    field_.note(class_, _moved(claim, day + timedelta(hours=10, minutes=40)), system)


def _lost_by_name(field_: _Field, class_: str, how: str, *, is_payment: bool) -> None:
    claim = _paid_claim(field_)
    if claim is None:
        return
    owner = field_.hire(claim)
    system = SOURCE if is_payment else field_.target(claim)
    path, body = (_PAYMENT, owner.number) if is_payment else (_INVOICE, owner.name)
    kind = "lost_answer" if how == "lost_answer" else "reset"
    field_.add_fault(system, Fault(f"{how}-{claim.report_id}", kind, "POST", path, body))  # type: ignore[arg-type]
    field_.note(class_, field_.given_to(claim, owner), system)


def _delegated(field_: _Field, class_: str, n: int) -> None:
    """A report that was approved by somebody who stands in."""
    claim = field_.take(
        lambda one: field_.expenses.employees[one.employee].grade == "staff" and _is_for_first(field_, one)
    )
    if claim is not None:
        boss = field_.expenses.employees[claim.approver or ""]
        field_.note(class_, replace(claim, approver=boss.delegates[0]))


def _maintenance(field_: _Field, class_: str, n: int) -> None:
    """The expense tool is away for a day."""
    week = field_.week()
    if week is None:
        return
    day = date.fromisocalendar(field_.company.starts_at.year, week, 2)
    while not is_working_day(day):
        day += timedelta(days=1)
    starts_at = field_.company.starts_at.replace(month=day.month, day=day.day, hour=6)
    ends_at = starts_at + timedelta(days=1)
    field_.add_fault(
        SOURCE, Fault(f"maintenance-{SOURCE}-{n}", "maintenance", starts_at=starts_at, ends_at=ends_at)
    )
    field_.plants.append(Plant(class_, SOURCE, SOURCE, SOURCE, starts_at, ends_at, about="expense"))


def _unavailable(field_: _Field, class_: str, n: int) -> None:
    """The expense tool fails once while its queue is read."""
    days = (field_.company.ends_at - field_.company.starts_at).days - 10
    at = field_.company.starts_at + timedelta(days=4 + (n * 53 + field_.company.seed) % days, hours=9)
    status = field_.chance.choice((500, 502, 504))
    field_.add_fault(
        SOURCE, Fault(f"unavailable-{SOURCE}-{n}", "unavailable", "GET", _QUEUE, starts_at=at, status=status)
    )
    field_.plants.append(Plant(class_, SOURCE, SOURCE, SOURCE, at, at + timedelta(days=1), about="expense"))


_Planter = Callable[[_Field, str, int], None]
_PLANTERS: Final[Mapping[str, _Planter]] = {
    "MAPPING_MISSING": _mapping,
    "ACCOUNT_MISSING": _account_missing,
    "ACCOUNT_INVALID": _account_invalid,
    "COST_CENTRE_INACTIVE": _inactive,
    "COST_CENTRE_MISSING": _missing_centre,
    "PERIOD_CLOSED": _period,
    "EMPLOYEE_UNKNOWN": _unknown_payee,
    "APPROVER_SELF": _self,
    "APPROVER_MISSING": _no_approver,
    "APPROVER_STALE": _stale,
    "APPROVAL_LIMIT": _limit,
    "TOTALS_DIFFER": _damage,
    "PAYLOAD_INVALID": _damage,
    "TEST_DOCUMENT": _test_document,
    "RECALLED": _recalled,
    "PAYMENT_REVERSED": _reversed,
    "THROTTLED": _throttled,
    "OUTCOME_UNKNOWN": _unknown_outcome,
    "APPROVED_BY_DELEGATE": _delegated,
    "MAINTENANCE": _maintenance,
    "UNAVAILABLE": _unavailable,
}


def corrected_plan(claim: Claim) -> ReportPlan:
    """Return what a report says in the end."""
    return claim.correction.plan if claim.correction is not None else claim.plan
