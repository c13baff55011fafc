"""The judgement of expenses: each document once in the ERP with its exact amount, confirmed once, paid once, or accounted for.

Pure, like that of the orders. The money is read from the systems' own state, never from the engine's store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from finsync_tui.rehearse.evidence import Case, Evidence, Noticed
from finsync_tui.rehearse.expense_catalogue import SOURCE
from finsync_tui.rehearse.expense_planted import FINDINGS
from finsync_tui.rehearse.expense_report import ExpenseReport, Posting, SourceDocument, short
from finsync_tui.rehearse.matching import Compared, compare, counted
from finsync_tui.rehearse.planted import Plant
from store.canonical.money import Money

Fate = Literal["posted", "in_exception", "returned", "in_flight"]
FATES: tuple[Fate, ...] = ("posted", "in_exception", "returned", "in_flight")
REPORT = "expense"
_PAID = ("CP", "PP")
_TAKEN_BACK = ("RE", "OB")


@dataclass(frozen=True, slots=True)
class ExpenseTotal:
    """The money of one legal entity and currency: what was approved and where it is now, in minor units."""

    legal_entity: str
    currency: str
    came_in: int = 0
    posted: int = 0
    in_exception: int = 0
    returned: int = 0
    in_flight: int = 0

    @property
    def difference(self) -> int:
        """What is unexplained. Anything but 0 means that money was lost or made."""
        return self.came_in - self.posted - self.in_exception - self.returned - self.in_flight


@dataclass(frozen=True, slots=True)
class ExpenseVerdict:
    """How the expenses ended."""

    reports_in: int
    advances_in: int
    posted: int
    confirmed: int
    paid: int
    returned: int
    exceptions: Mapping[str, int]
    findings: Mapping[str, int]
    compared: Compared
    doubled: tuple[str, ...]
    """What an ERP or the expense tool holds more than once."""
    lost: tuple[str, ...]
    """Documents that are neither done, nor returned, nor an open exception."""
    totals: tuple[ExpenseTotal, ...]

    @property
    def problems(self) -> list[str]:
        """What does not add up, in words."""
        return [
            *self.compared.problems,
            *(f"twice: {one}" for one in self.doubled),
            *(f"lost: {one}" for one in self.lost),
            *(
                f"expenses of {one.legal_entity} in {one.currency}: {_shown(one.difference, one.currency)} unaccounted for"
                for one in self.totals
                if one.difference
            ),
        ]

    @property
    def is_good(self) -> bool:
        return not self.problems


def is_about_expenses(system: str, key: str | None) -> bool:
    """Say whose a case or a finding is: that of the document it names, else of the system it came from."""
    return key.startswith(f"{SOURCE}:") if key is not None and ":" in key else system == SOURCE


def judge(plants: Sequence[Plant], report: ExpenseReport, evidence: Evidence) -> ExpenseVerdict:
    """Compare everything with everything, as far as it is about expenses."""
    cases = [one for one in evidence.cases if is_about_expenses("", one.key)]
    noticed = [one for one in evidence.findings if is_about_expenses(one.system, one.key)]
    failed = [one for one in evidence.failed_reads if is_about_expenses(one.system, one.key)]
    held = _by_document(report.postings)
    in_exception = {document_of(one.key) for one in cases if one.is_open}
    in_work = {document_of(key) for key in evidence.live_workflows}
    fates = {one.document_id: _fate(one, held, in_exception, in_work) for one in report.documents}
    reports = {one.document_id: one.report_id for one in report.documents}
    return ExpenseVerdict(
        reports_in=sum(one.kind == REPORT for one in report.documents),
        advances_in=sum(one.kind != REPORT for one in report.documents),
        posted=sum(fate == "posted" for fate in fates.values()),
        confirmed=sum(_is_confirmed(one, _standing(one, held)) for one in report.documents),
        paid=sum(_is_paid(one, _standing(one, held)) for one in report.documents),
        returned=sum(fate == "returned" for fate in fates.values()),
        exceptions=counted(one.class_ for one in cases),
        findings=counted(one.class_ for one in noticed),
        compared=_compare(
            plants, (*cases, *evidence.returned, *evidence.reversed), (*noticed, *failed), reports
        ),
        doubled=tuple(sorted(twice for one in report.documents for twice in _doubled(one, held))),
        lost=tuple(
            f"{one.name} ({one.document_id})"
            for one in report.documents
            if not _is_settled(one, fates[one.document_id], held)
        ),
        totals=_totals(report, fates, held),
    )


# -- planted and found -----------------------------------------------------------------------------------


def _compare(
    plants: Sequence[Plant], cases: Iterable[Case], noticed: Iterable[Noticed], reports: Mapping[str, str]
) -> Compared:
    """A plant names a report, a case one of its documents: they meet at the report."""
    unknown = {one.key for one in plants if one.class_ == "OUTCOME_UNKNOWN"}

    def report_of(key: str) -> str:
        return reports.get(document_of(key), key)

    found = [replace(one, key=report_of(one.key) if one.key else None) for one in noticed]
    judged = [
        one
        for one in found
        # Until a journal whose answer was lost may be looked for, each look says that the ERP is not ready.
        if one.class_ in FINDINGS and not (one.class_ == "UNAVAILABLE" and one.key in unknown)
    ]
    return compare(plants, [replace(one, key=report_of(one.key)) for one in cases], judged)


def document_of(key: str) -> str:
    """Return the document's own id: the first part of its name.

    >>> document_of("concur:9a41.expense.4E65"), document_of("concur:9a41")
    ('9a41', '9a41')
    """
    return key.partition(":")[2].partition(".")[0]


# -- documents and money ---------------------------------------------------------------------------------


def _by_document(postings: Iterable[Posting]) -> dict[str, list[Posting]]:
    found: dict[str, list[Posting]] = {}
    for one in postings:
        found.setdefault(one.document, []).append(one)
    return found


def _standing(document: SourceDocument, held: Mapping[str, list[Posting]]) -> list[Posting]:
    """Return the postings that were not taken back: each reversal takes one."""
    own = [one for one in held.get(short(document.document_id), ()) if one.is_live]
    reversals = sum(one.is_reversal for one in own)
    return [one for one in own if not one.is_reversal][reversals:]


def _fate(
    document: SourceDocument,
    held: Mapping[str, list[Posting]],
    in_exception: Container[str],
    in_work: Container[str],
) -> Fate:
    """Say where a document's money is. An open exception comes first: it is not done, whatever is posted."""
    if document.document_id in in_exception:
        return "in_exception"
    if document.refused_count or document.status == "RECALLED":
        return "returned"
    if document.document_id in in_work or not _standing(document, held):
        return "in_flight"
    return "posted"


def _is_confirmed(document: SourceDocument, standing: Sequence[Posting]) -> bool:
    return len(standing) == 1 and document.posted_as == (standing[0].number,)


def _is_paid(document: SourceDocument, standing: Sequence[Posting]) -> bool:
    """Say whether the ERP has paid what is owed, and the expense tool was told of each payment once."""
    if len(standing) != 1 or standing[0].kind != "invoice" or document.owed_minor <= 0:
        return False
    told = _told(document)
    made = sum(minor for _, minor in standing[0].paid)
    return made == document.owed_minor and told == (len(standing[0].paid), made)


def _told(document: SourceDocument) -> tuple[int, int]:
    """Return how many payments stand as confirmed, and their sum."""
    made = [minor for status, _, minor in document.paid if status in _PAID]
    void = [minor for status, _, minor in document.paid if status in _TAKEN_BACK]
    return len(made) - len(void), sum(made) - sum(void)


def _is_settled(document: SourceDocument, fate: Fate, held: Mapping[str, list[Posting]]) -> bool:
    standing = _standing(document, held)
    if fate == "returned":
        return not standing
    if fate != "posted":
        return fate == "in_exception"
    posting = standing[0]
    amount = posting.charged_minor if document.kind == REPORT else posting.debit_minor
    is_owed = posting.kind == "invoice" and document.owed_minor > 0
    return (
        _is_confirmed(document, standing)
        and (posting.currency, amount, posting.owed_minor)
        == (document.currency, document.charged_minor, document.owed_minor)
        and posting.debit_minor == posting.credit_minor
        and (_is_paid(document, standing) if is_owed else not document.paid)
    )


def _doubled(document: SourceDocument, held: Mapping[str, list[Posting]]) -> Iterable[str]:
    standing = _standing(document, held)
    name = f"{document.name} ({document.document_id})"
    if len(standing) > 1:
        yield f"posted {len(standing)} times: {name}"
    if len(document.posted_as) > 1:
        yield f"confirmed {len(document.posted_as)} times: {name}"
    references = Counter(reference for status, reference, _ in document.paid if status in _PAID)
    if any(count > 1 for count in references.values()):
        yield f"a payment was told more than once: {name}"
    if standing and _told(document)[0] > len(standing[0].paid):
        yield f"more payments were told than made: {name}"


def _totals(
    report: ExpenseReport, fates: Mapping[str, Fate], held: Mapping[str, list[Posting]]
) -> tuple[ExpenseTotal, ...]:
    """Add up what the expense tool holds and, for what is posted, what the ERP holds."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for document in report.documents:
        own = sums.setdefault((document.legal_entity, document.currency), Counter())
        own["came_in"] += document.charged_minor
        fate = fates[document.document_id]
        if fate != "posted":
            own[fate] += document.charged_minor
            continue
        for one in _standing(document, held):
            amount = one.charged_minor if document.kind == REPORT else one.debit_minor
            sums.setdefault((document.legal_entity, one.currency), Counter())["posted"] += amount
    return tuple(
        ExpenseTotal(entity, currency, own["came_in"], *(own[fate] for fate in FATES))
        for (entity, currency), own in sorted(sums.items())
    )


# -- for people and programs -----------------------------------------------------------------------------


def to_json(verdict: ExpenseVerdict) -> dict[str, Any]:
    """Return the judgement as JSON values; amounts are decimal text."""
    compared = verdict.compared
    return {
        "is_good": verdict.is_good,
        "reports_in": verdict.reports_in,
        "advances_in": verdict.advances_in,
        "posted": verdict.posted,
        "confirmed": verdict.confirmed,
        "paid": verdict.paid,
        "returned": verdict.returned,
        "exceptions": dict(verdict.exceptions),
        "findings": dict(verdict.findings),
        "planted": dict(compared.planted),
        "found": dict(compared.found),
        "false_finds": len(compared.false_finds),
        "false_found": [str(one) for one in compared.false_finds],
        "missed": [str(one) for one in compared.missed],
        "doubled": len(verdict.doubled),
        "doubled_documents": list(verdict.doubled),
        "lost": len(verdict.lost),
        "lost_documents": list(verdict.lost),
        "totals": [_total_json(one) for one in verdict.totals],
    }


def _total_json(total: ExpenseTotal) -> dict[str, str]:
    return {
        "legal_entity": total.legal_entity,
        "currency": total.currency,
        "in": _shown(total.came_in, total.currency),
        **{fate: _shown(getattr(total, fate), total.currency) for fate in FATES},
        "difference": _shown(total.difference, total.currency),
    }


def _shown(amount_minor: int, currency: str) -> str:
    return str(Money(amount_minor=amount_minor, currency=currency).amount)
