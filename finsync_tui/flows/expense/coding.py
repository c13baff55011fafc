"""Which account combination each posting line goes to in the ERP.

Two optional mapping tables say what the expense tool leaves open: `expense_account` has an ERP account for
`COUNTRY/EXPENSE TYPE` and wins over the account that the tool states; `tax_account` has one for `COUNTRY/TAX CODE`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from finsync_tui.flows import accounts, given
from finsync_tui.flows.accounts import Resolved, Unresolved
from finsync_tui.flows.deriving import Derive
from finsync_tui.flows.expense.posting import Account
from finsync_tui.mapping import Given, Match, Table
from finsync_tui.profile import LegalEntitySetup
from finsync_tui.profile.expense import ExpenseSetup

EXPENSE_TABLE = "expense_account"
TAX_TABLE = "tax_account"


@dataclass(frozen=True, slots=True)
class Coding:
    """What is known about a company when its documents are coded."""

    setup: LegalEntitySetup
    expense: ExpenseSetup
    tables: Mapping[str, Table]
    scope: str
    on: date
    given: Given
    """What the document says; the part that is coded adds its own."""
    derive: Derive | None = None
    """Who asks the company's rules; None: there are none."""


def resolve(coding: Coding, account: Account) -> Resolved | Unresolved:
    """Return the ERP's combination for a line, or why there is none. Pure."""
    if account.role in ("expense", "non_deductible_tax"):
        return _cost(coding, account)
    if account.role == "tax":
        return _tax(coding, account)
    if account.role in ("advance", "stated"):
        return _by_code(coding, account, coding.expense.balance_cost_centre)
    if account.code:  # a card's own clearing account, where the table knows it
        named = _by_code(coding, account, coding.expense.balance_cost_centre)
        if isinstance(named, Resolved):
            return named
    natural = getattr(coding.expense.accounts, account.role) or coding.expense.accounts.employee
    return _balance(coding, account, natural, ())


def _tax(coding: Coding, account: Account) -> Resolved | Unresolved:
    """By the tax's own code, else by its reclaim code, which several taxes may share."""
    codes = list(dict.fromkeys(code for code in (account.tax_code, account.reclaim_code) if code)) or ["*"]
    keys = [f"{account.country or '*'}/{code}" for code in codes]
    for key in keys:
        match = _find(coding, TAX_TABLE, key, account)
        if match is not None:
            return _balance(coding, account, match.target, (match,))
    return accounts.missing_rule(
        coding.tables.get(TAX_TABLE) or Table(TAX_TABLE, 0, ()), keys[0], coding.scope, f"tax {keys[0]}",
        _known(coding, account),
    )  # fmt: skip


def _cost(coding: Coding, account: Account) -> Resolved | Unresolved:
    if not account.cost_centre:
        return Unresolved(
            "COST_CENTRE_MISSING",
            f"expense type {account.expense_type} has no cost centre in its field {coding.expense.cost_centre_field}",
            "Let the employee choose one and submit again, or correct the field's name in the profile, then retry.",
            {"field": coding.expense.cost_centre_field},
        )
    if account.role == "non_deductible_tax":
        natural = coding.expense.accounts.non_deductible_tax
        assert natural is not None, "such a part is made only where there is an account for it"
        return _combination(coding, account, account.cost_centre, "", natural, natural)
    key = _key(account)
    match = _find(coding, EXPENSE_TABLE, key, account)
    if match is not None:
        return _combination(coding, account, account.cost_centre, "", key, match.target, (match,))
    return _by_code(coding, account, account.cost_centre)


def _by_code(coding: Coding, account: Account, cost_centre: str) -> Resolved | Unresolved:
    if not account.code:
        what = (
            f"expense type {account.expense_type}"
            if account.expense_type
            else f"a line of kind {account.role}"
        )
        told = f"the expense tool gives no account for {what}"
        evidence = {"expense_type": account.expense_type, "country": account.country}
        if account.role != "expense" or not account.expense_type:
            return Unresolved(
                "ACCOUNT_MISSING", told, "Set its account in the expense tool, then retry.", evidence
            )
        return Unresolved(
            "ACCOUNT_MISSING",
            told,
            f"Set its account in the expense tool, then retry; or add a rule for {_key(account)} to the mapping table "
            f"{EXPENSE_TABLE!r}: all documents that wait for it go on by themselves.",
            {
                **_known(coding, account),
                **evidence,
                "table": EXPENSE_TABLE,
                "value": _key(account),
                "scope": coding.scope,
            },
        )
    return _combination(coding, account, cost_centre, account.code, account.code, None)


def _balance(
    coding: Coding, account: Account, natural: str, matches: Sequence[Match]
) -> Resolved | Unresolved:
    return _combination(coding, account, coding.expense.balance_cost_centre, "", natural, natural, matches)


def _combination(
    coding: Coding,
    account: Account,
    cost_centre: str,
    code: str,
    shown: str,
    natural: str | None,
    matches: Sequence[Match] = (),
) -> Resolved | Unresolved:
    fixed = dict(coding.expense.values)
    if natural is not None:
        fixed[coding.expense.account_segment] = natural
    found = accounts.combination(
        coding.setup,
        coding.tables,
        _source(coding, cost_centre, code),
        shown=shown,
        scope=coding.scope,
        on=coding.on,
        fixed=fixed,
        own_tables=coding.expense.tables,
        given=_known(coding, account),
        derive=coding.derive,
    )
    if isinstance(found, Unresolved) or not matches:
        return found
    return Resolved(found.charge_account, found.parts, (*matches, *found.matches), found.ruled)


def _key(account: Account) -> str:
    """Return by what the table of expense types is asked."""
    return f"{account.country or '*'}/{account.expense_type}"


def _source(coding: Coding, cost_centre: str, code: str) -> Sequence[str]:
    """Return company, cost centre and account in the places where the company's chart has them."""
    places = {segment.name: segment.source for segment in coding.setup.segments if segment.source is not None}
    source = [coding.expense.company] + [""] * (max(places.values(), default=1) - 1)
    for name, value in (
        (coding.expense.cost_centre_segment, cost_centre),
        (coding.expense.account_segment, code),
    ):
        if name in places:
            source[places[name] - 1] = value
    return source


def _known(coding: Coding, account: Account) -> Given:
    return given.of_account(coding.given, account.country, account.expense_type)


def _find(coding: Coding, table: str, key: str, account: Account) -> Match | None:
    known = coding.tables.get(table)
    if known is None:
        return None
    return known.find(key, scope=coding.scope, on=coding.on, given=_known(coding, account))
