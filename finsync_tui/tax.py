"""What tax should be by our own table of rates, and what a verdict does by policy. Pure.

The checks that need no service: the code is known, in force and allowed here; rate times net is the tax; what is booked
as recoverable is what comes back; purchases from another EU member state carry reverse charge; blocked expense types
recover nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finsync_tui.profile.tax import TABLE, CountryTax, Recovery, Severity, TaxPolicy, Withholding
from store.canonical.chart import TaxCode
from store.canonical.money import Money, apportion, total
from store.canonical.tax import (
    TaxAddress,
    TaxAnswer,
    TaxAnswerLine,
    TaxDetail,
    TaxFinding,
    TaxQuestion,
    TaxQuestionLine,
    Verdict,
    settle,
)

TaxCase = Literal["TAX_DIFFERS", "TAX_CODE_UNKNOWN", "TAX_REVIEW"]

_MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(_MEMBERS.split())
"""Member states since 2020."""
_VAT_PREFIXES = {"EL": "GR"}
"""VAT numbers begin with the country's two letters, except in Greece."""
_FULL = Decimal(100)

CASES: Mapping[Verdict, TaxCase] = {
    "undercharged": "TAX_DIFFERS",
    "overcharged": "TAX_DIFFERS",
    "unknown_code": "TAX_CODE_UNKNOWN",
}
"""The exception class of a verdict that stops its document; any other is TAX_REVIEW."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What policy does about an answer."""

    severity: Severity
    verdict: Verdict
    case_class: TaxCase
    """The class of the exception, should it block."""
    cause: str
    fix: str


def determine(question: TaxQuestion, codes: Iterable[TaxCode], policy: TaxPolicy) -> TaxAnswer:
    """Answer a question from tax codes and the rules of the countries it concerns.

    Tax that is stated for the whole document may have been rounded once by whoever sent it, or on each line: either is right.
    """
    known = tuple(codes)
    answer = _determined(question, known, policy, is_once=False)
    if answer.verdict in ("undercharged", "overcharged") and all(
        one.charged is None for one in question.lines
    ):
        once = _determined(question, known, policy, is_once=True)
        return once if once.verdict == "match" else answer
    return answer


def _determined(
    question: TaxQuestion, codes: Iterable[TaxCode], policy: TaxPolicy, *, is_once: bool
) -> TaxAnswer:
    by_number: dict[str, list[TaxCode]] = {}
    for code in codes:
        by_number.setdefault(code.number, []).append(code)
    used = [_code_of(question, line, by_number) for line in question.lines]
    whole = [is_once or _is_whole(question, line, policy) for line in question.lines]
    groups = [
        code.number if code is not None and one else None for code, one in zip(used, whole, strict=True)
    ]
    rates = [(code.rate_percent if code is not None else None) or Decimal(0) for code in used]
    due = _portions(
        [
            Portion(line.amount, rate, group)
            for line, rate, group in zip(question.lines, rates, groups, strict=True)
        ]
    )
    backs = [
        _comes_back(question, line, code, policy) for line, code in zip(question.lines, used, strict=True)
    ]
    back = _portions(
        [Portion(tax, percent, group) for tax, percent, group in zip(due, backs, groups, strict=True)]
    )
    findings = [
        _find(question, line, by_number, policy, tax, recoverable)
        for line, tax, recoverable in zip(question.lines, due, back, strict=True)
    ]
    answer = settle(question, findings, provider=TABLE, tolerance_minor=policy.tolerance_minor)
    return by_policy(question, answer, policy)


def by_policy(question: TaxQuestion, answer: TaxAnswer, policy: TaxPolicy) -> TaxAnswer:
    """Return any provider's answer with what the countries' rules add: withholding, blocked and partial recovery, accrual.

    The verdicts stay; asked twice, the result is the same.
    """
    asked = {line.number: line for line in question.lines}
    lines = _ruled(question, [(asked[line.number], line) for line in answer.lines], policy)

    def summed(name: str) -> Money:
        return total((getattr(line, name) for line in lines), answer.currency)

    changed = {name: summed(name) for name in ("recoverable", "non_recoverable", "withheld")}
    accrues = answer.accrues or _accrues(question, answer, policy)
    return answer.model_copy(update={"lines": lines, "accrues": accrues, **changed})


def judge(answer: TaxAnswer, policy: TaxPolicy) -> Judgement:
    """Say what policy does about an answer's verdict."""
    verdict = answer.verdict
    told = f": {answer.note}" if answer.note else ""
    is_accrued = answer.accrues and CASES.get(verdict) == "TAX_DIFFERS"
    return Judgement(
        policy.severity.accrued if is_accrued else policy.severity.of(verdict),
        verdict,
        CASES.get(verdict, "TAX_REVIEW"),
        f"The tax is {_WORDS[verdict]} by {answer.provider}{told}.",
        _FIXES[verdict],
    )


def shortfall(line: TaxAnswerLine) -> Money:
    """Return what of the tax that the supplier should have charged on a line it did not; below zero on a line that reduces
    what is due. What was charged beyond it takes nothing off."""
    is_short = line.variance.amount_minor * line.determined.amount_minor > 0
    return line.variance if is_short and not line.is_self_assessed else line.variance - line.variance


@dataclass(frozen=True, slots=True)
class Portion:
    """So many percent of an amount, and with which others it is rounded as a whole."""

    amount: Money
    percent: Decimal
    group: str | None
    """None: by itself."""


def _portions(asked: Sequence[Portion]) -> list[Money]:
    """Return the shares; those of one group and percentage add up to the rounded share of their sum."""
    found = [_share(one.amount, one.percent) for one in asked]
    groups: dict[tuple[str, Decimal], list[int]] = {}
    for place, one in enumerate(asked):
        if one.group is not None:
            groups.setdefault((one.group, one.percent), []).append(place)
    for (_, percent), places in groups.items():
        amounts = [asked[place].amount for place in places]
        whole = _share(total(amounts, amounts[0].currency), percent)
        exact = [one.amount_minor * percent / _FULL for one in amounts]
        for place, minor in zip(places, apportion(whole.amount_minor, exact), strict=True):
            found[place] = Money(amount_minor=minor, currency=whole.currency)
    return found


def _is_whole(question: TaxQuestion, line: TaxQuestionLine, policy: TaxPolicy) -> bool:
    ship_to, _ = _places(question, line)
    return ship_to is not None and policy.country(ship_to.country).rounding == "document"


def unmapped(question: TaxQuestion, mapped: Collection[str]) -> tuple[str, ...]:
    """Return the tax codes of a question that the ERP's mapping table has no row for, in order."""
    used = dict.fromkeys(line.tax_code for line in question.lines if line.tax_code)
    return tuple(code for code in used if code not in mapped)


def is_cross_border_in_eu(question: TaxQuestion, line: TaxQuestionLine) -> bool:
    """Say whether a business in one member state buys from a business registered in another."""
    ship_to, ship_from = _places(question, line)
    seller = vat_country(question.supplier.vat_number)
    if ship_to is None or seller is None:
        return False
    comes_from = ship_from.country if ship_from else seller
    return {seller, comes_from, ship_to.country} <= EU and ship_to.country not in (seller, comes_from)


def vat_country(vat_number: str | None) -> str | None:
    """Return the country whose VAT number it is, by its first two letters.

    >>> vat_country("EL 123456789"), vat_country("4711")
    ('GR', None)
    """
    prefix = (vat_number or "").strip()[:2].upper()
    return _VAT_PREFIXES.get(prefix, prefix) if prefix.isascii() and prefix.isalpha() else None


def _find(
    question: TaxQuestion,
    line: TaxQuestionLine,
    by_number: Mapping[str, Sequence[TaxCode]],
    policy: TaxPolicy,
    determined: Money,
    recoverable: Money,
) -> TaxFinding:
    ship_to, ship_from = _places(question, line)
    if ship_to is None:
        return _open(line, "needs_review", "nothing says where it is shipped to")
    rules = policy.country(ship_to.country)
    code = _code_of(question, line, by_number)
    if code is None:
        return _open(
            line, "unknown_code", _why_unknown(question, line, by_number.get(line.tax_code or "", ()))
        )
    if code.rate_percent is None:
        return _open(line, "needs_review", f"the tax code {code.number} has no rate")
    found = TaxFinding(
        number=line.number,
        determined=determined,
        recoverable=recoverable,
        is_self_assessed=code.is_reverse_charge,
        rate_percent=code.rate_percent,
        details=(
            TaxDetail(
                country=code.country or ship_to.country,
                tax_name=code.description or code.number,
                rate_percent=code.rate_percent,
                taxable=line.amount,
                tax=determined,
            ),
        ),
        standing=None if determined.amount_minor else "not_taxable",
    )
    doubt = _misused(question, line, code, ship_to, ship_from) or _doubt(
        question, line, code, found, rules, policy
    )
    return found.model_copy(update={"standing": "needs_review", "note": doubt}) if doubt else found


def _code_of(
    question: TaxQuestion, line: TaxQuestionLine, by_number: Mapping[str, Sequence[TaxCode]]
) -> TaxCode | None:
    known = by_number.get(line.tax_code or "", ())
    return next((one for one in known if one.is_in_force_on(question.taxed_on)), None)


def _ruled(
    question: TaxQuestion, pairs: Sequence[tuple[TaxQuestionLine, TaxAnswerLine]], policy: TaxPolicy
) -> tuple[TaxAnswerLine, ...]:
    """Return the lines with what the rules of their countries keep back, and let come back; a line without a place is left."""
    withheld, recovered = [], []
    for asked, line in pairs:
        ship_to, _ = _places(question, asked)
        rules = policy.country(ship_to.country) if ship_to is not None else CountryTax()
        group = "all" if rules.rounding == "document" else None
        withheld.append(
            Portion(asked.amount, _withheld_percent(question, asked, rules) if ship_to else Decimal(0), group)
        )
        percent = _ruled_percent(asked, rules) if ship_to else None
        recovered.append(None if percent is None else Portion(line.determined, percent, group))
    kept = _portions(withheld)
    back = iter(_portions([one for one in recovered if one is not None]))
    found = []
    for (_, line), less, one in zip(pairs, kept, recovered, strict=True):
        changed = {"withheld": less}
        if one is not None:
            recoverable = next(back)
            changed |= {"recoverable": recoverable, "non_recoverable": line.determined - recoverable}
        found.append(line.model_copy(update=changed))
    return tuple(found)


def _open(line: TaxQuestionLine, standing: Verdict, note: str) -> TaxFinding:
    nothing = line.amount - line.amount
    return TaxFinding(
        number=line.number, determined=nothing, recoverable=nothing, standing=standing, note=note
    )


def _why_unknown(question: TaxQuestion, line: TaxQuestionLine, known: Sequence[TaxCode]) -> str:
    if line.tax_code is None:
        return "it has no tax code"
    if not known:
        return f"the tax code {line.tax_code} is not known"
    return f"the tax code {line.tax_code} is not in force on {question.taxed_on}"


def _misused(
    question: TaxQuestion,
    line: TaxQuestionLine,
    code: TaxCode,
    ship_to: TaxAddress,
    ship_from: TaxAddress | None,
) -> str:
    """Say why a code may not stand on this line; empty: it may."""
    if code.document_kinds and question.kind not in code.document_kinds:
        return f"the tax code {code.number} is not for documents of the kind {question.kind}"
    if code.country and code.country != ship_to.country:
        return f"the tax code {code.number} is {code.country}'s, and it is shipped to {ship_to.country}"
    comes_from = ship_from.country if ship_from else question.supplier.country
    if code.from_countries and comes_from not in code.from_countries:
        return f"the tax code {code.number} is not for purchases from {comes_from or 'an unknown country'}"
    return ""


def _doubt(
    question: TaxQuestion,
    line: TaxQuestionLine,
    code: TaxCode,
    found: TaxFinding,
    rules: CountryTax,
    policy: TaxPolicy,
) -> str:
    """Say what does not fit though the code may be used; empty: nothing."""
    if rules.requires_reverse_charge and not code.is_reverse_charge and is_cross_border_in_eu(question, line):
        charged = question.charged_total() if line.charged is None else line.charged
        if abs(charged.amount_minor) <= policy.tolerance_minor:
            return (
                "it comes untaxed from another member state, with the supplier's VAT number: it must carry a "
                f"reverse-charge code, not {code.number}"
            )
    if line.expense_type in rules.blocked_expense_types and _code_recovers(code, rules):
        return f"the tax on {line.expense_type} does not come back, and {code.number} is a recoverable code"
    booked = line.booked_recoverable
    if booked is not None and abs((booked - found.recoverable).amount_minor) > policy.tolerance_minor:
        return f"it books {booked} as recoverable tax, and {found.recoverable} comes back"
    return ""


def _code_recovers(code: TaxCode, rules: CountryTax) -> bool:
    own = code.recoverable_percent
    return (rules.recoverable_percent if own is None else own) > 0


def _comes_back(
    question: TaxQuestion, line: TaxQuestionLine, code: TaxCode | None, policy: TaxPolicy
) -> Decimal:
    ship_to, _ = _places(question, line)
    if code is None or ship_to is None:
        return Decimal(0)
    return _recoverable_percent(line, code, policy.country(ship_to.country))


def _recoverable_percent(line: TaxQuestionLine, code: TaxCode, rules: CountryTax) -> Decimal:
    """Return how much of the tax comes back: by the country's rules for it, by the code, by the country's usual share."""
    ruled = _ruled_percent(line, rules)
    if ruled is not None:
        return ruled
    return rules.recoverable_percent if code.recoverable_percent is None else code.recoverable_percent


def _ruled_percent(line: TaxQuestionLine, rules: CountryTax) -> Decimal | None:
    """Return what a country's blocks and rules say about this line; None: nothing."""
    if line.expense_type in rules.blocked_expense_types:
        return Decimal(0)
    return next((rule.percent for rule in rules.recovery if _recovery_fits(rule, line)), None)


def _recovery_fits(rule: Recovery, line: TaxQuestionLine) -> bool:
    return (
        _any_or_in(line.expense_type, rule.expense_types)
        and _any_or_in(line.tax_code, rule.tax_codes)
        and _any_or_in(line.account, rule.accounts)
    )


def _withheld_percent(question: TaxQuestion, line: TaxQuestionLine, rules: CountryTax) -> Decimal:
    rule = next((one for one in rules.withholding if _withholding_fits(one, question, line)), None)
    return rule.percent if rule else Decimal(0)


def _withholding_fits(rule: Withholding, question: TaxQuestion, line: TaxQuestionLine) -> bool:
    return (
        _any_or_in(line.tax_code, rule.tax_codes)
        and _any_or_in(line.expense_type, rule.expense_types)
        and _any_or_in(question.supplier.country, rule.supplier_countries)
    )


def _any_or_in(value: str | None, named: Collection[str]) -> bool:
    return not named or value in named


def _share(amount: Money, percent: Decimal) -> Money:
    return Money.of(amount.amount * percent / _FULL, amount.currency, "half_up")


def _places(question: TaxQuestion, line: TaxQuestionLine) -> tuple[TaxAddress | None, TaxAddress | None]:
    return line.ship_to or question.ship_to, line.ship_from or question.ship_from


def _accrues(question: TaxQuestion, answer: TaxAnswer, policy: TaxPolicy) -> bool:
    """Say whether a shortfall is use tax: the rule of every country that it is shipped to.

    A credit note that gives back less tax than was due takes use tax back that was accrued with its invoice; one that gives
    back more is a difference.
    """
    is_credit = answer.determined.amount_minor < 0
    is_short = answer.variance.amount_minor < 0 if is_credit else answer.verdict == "undercharged"
    if not is_short or CASES.get(answer.verdict) != "TAX_DIFFERS":
        return False
    places = [ship_to for line in question.lines if (ship_to := _places(question, line)[0]) is not None]
    return all(policy.country(place.country).accrues_shortfall for place in places)


_WORDS: Mapping[Verdict, str] = {
    "match": "right",
    "undercharged": "too low",
    "overcharged": "too high",
    "not_taxable": "none, as it should be",
    "exempt": "none, for an exemption",
    "reverse_charge": "the buyer's to declare",
    "needs_review": "in doubt",
    "unknown_code": "of an unknown code",
}
_FIXES: Mapping[Verdict, str] = {
    "match": "Nothing.",
    "undercharged": "Ask the supplier for a correct invoice, correct the tax code, or accrue the difference; retry.",
    "overcharged": "Ask the supplier for a correct invoice or a credit note, or correct the tax code; retry.",
    "not_taxable": "Nothing.",
    "exempt": "Check that the reason for the exemption holds.",
    "reverse_charge": "Nothing: declare the tax with the reverse-charge code.",
    "needs_review": "Have the tax team look at it; correct the tax code or the profile's rules; retry.",
    "unknown_code": "Use a code that is in force, or add it to the tax codes; retry.",
}
