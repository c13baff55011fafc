"""Which class of failure an answer of Oracle is.

Written against the forms of the contract sheet's section 4 and the way Oracle words its messages, in one table; a
customer's own rules (`options.refusals`) come first. Codes differ between releases, so words decide where codes don't.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import msgspec

from adapters.answer import UNREADABLE, Answer
from adapters.errors import (
    AdapterError,
    CredentialsError,
    DuplicateError,
    OutcomeUnknownError,
    Refusal,
    RejectedError,
    VersionConflictError,
)
from adapters.oracle_fusion.options import RefusalRule
from adapters.redaction import redact

MESSAGE_MAX = 1000
PLAIN_TEXT_MAX = 500
DUPLICATE: Final = "DUPLICATE"
"""Not an exception class: the document is there already, which is a matter for a look-up."""
CONFLICT: Final = "CONFLICT"
"""Not an exception class: another user was faster, which is a matter for a fresh read."""

_NOT_USABLE = (
    r"(?:disabled|inactive|expired|end[- ]dated|not (?:currently )?(?:enabled|active|effective|in effect)"
    r"|no longer (?:active|valid|enabled))"
)
_UNKNOWN = r"(?:not valid|invalid|not found|unknown|missing|does not exist|do not exist|could not be found|cannot be found)"
_COST_CENTRE = r"cost[ _-]?cent(?:er|re)"

_RULES: Final[tuple[tuple[str, str], ...]] = (
    # another user's change, or our own document
    (r"JBO-?25014|\b25014\b.*another user|another user has (?:changed|updated|modified)", CONFLICT),
    (
        r"(?:order|document) number\b.{0,80}(?:already|not unique|must be unique|duplicate|in use)"
        r"|duplicate (?:purchase )?(?:order|document)|(?:order|document) already exists",
        DUPLICATE,
    ),
    # journal import, by its own codes: they are old and stable, the words around them are not
    (r"\bEP0\d\b", "PERIOD_CLOSED"),
    (r"\bEF\d\d\b", "ACCOUNT_INVALID"),
    (r"\bEU0\d\b", "TOTALS_DIFFER"),
    # Payables
    (
        r"invoice number\b.{0,80}(?:already|not unique|must be unique|duplicate|in use)|duplicate invoice",
        DUPLICATE,
    ),
    (
        r"\b(?:line|distribution) variance\b|distributions?\b.{0,60}(?:not|n't) (?:equal|add up|match)",
        "TOTALS_DIFFER",
    ),
    # time: before budgets, because a budget period can be what is closed
    (
        r"period\b.{0,100}(?:not (?:been )?open|closed|never opened|must be open)"
        r"|(?:no|not in an?) (?:open )?(?:accounting |gl |budget |purchasing )?period\b.{0,60}(?:open|found|exist)?"
        r"|date\b.{0,60}not in an open",
        "PERIOD_CLOSED",
    ),
    # three-way match: receipts first, a hold of that name is about what was received
    (
        r"currency\b.{0,60}purchase order|purchase order\b.{0,60}currency",
        "MATCH_CURRENCY",
    ),
    (
        r"\b(?:quantity|amount) received\b|(?:billed|invoiced)\b.{0,40}exceeds?\b.{0,40}received|\breceived quantity\b.{0,40}exceed",
        "MATCH_RECEIPT",
    ),
    (
        r"RCV_TRX_QTY_EXCEED|quantity\b.{0,60}exceed|exceed.{0,60}quantity|\b(?:quantity|amount) ordered\b"
        r"|(?:quantity|amount)\b.{0,60}less than the (?:quantity|amount)\b"
        r"|billed (?:quantity|amount)\b.{0,60}below zero"
        r"|exceed.{0,60}(?:receipt|receiving) tolerance|quantity\b.{0,40}available (?:to|for)",
        "MATCH_QUANTITY",
    ),
    (
        r"purchase order\b.{0,60}(?:not found|not open|has no line|no schedule|closed|cancell?ed)|RCV_DOC_\w+|\bPO line\b.{0,40}not found",
        "MATCH_ORDER",
    ),
    (r"\bprice\b.{0,60}(?:exceed|toleranc|varian)", "MATCH_PRICE"),
    # money
    (
        r"\bXCC-|insufficient (?:funds|budget)|funds? (?:check|reservation)\b.{0,60}(?:fail|insufficient|not pass)"
        r"|(?:budget|funds)\b.{0,80}(?:exceed|insufficient|not available|not sufficient|exhausted)"
        r"|exceed.{0,60}(?:budget|funds)|not enough (?:funds|budget)|failed budgetary control",
        "BUDGET_EXCEEDED",
    ),
    # accounts: a cost centre first, it is the more exact answer
    (rf"{_COST_CENTRE}.{{0,140}}{_NOT_USABLE}|{_NOT_USABLE}.{{0,60}}{_COST_CENTRE}", "COST_CENTRE_INACTIVE"),
    (
        r"(?:account|code) combination|cross[- ]?validation|charge account|\bsegments?\b|POChargeAccount"
        rf"|flexfield value|\baccount\b.{{0,100}}(?:{_UNKNOWN}|{_NOT_USABLE})|\bGL-\d+",
        "ACCOUNT_INVALID",
    ),
    # suppliers: a site's trouble is its supplier's
    (
        rf"supplier\b.{{0,160}}(?:{_NOT_USABLE}|not (?:an? )?active|not authorized|not assigned|on hold|prospective)"
        rf"|(?:{_NOT_USABLE}) supplier|supplier\b.{{0,80}}hold",
        "SUPPLIER_INACTIVE",
    ),
    (
        rf"supplier\b.{{0,160}}{_UNKNOWN}|(?:{_UNKNOWN}) supplier|/Supplier(?:Site)?(?:Id)?\b",
        "SUPPLIER_UNKNOWN",
    ),
)
"""Pattern and class, the first that is found wins. Searched in `code path text` with contractions written out."""


@cache
def _common() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the rules of all instances. Compiled when Oracle first refuses something: in most cycles it refuses nothing."""
    return tuple([(re.compile(pattern, re.IGNORECASE | re.DOTALL), found) for pattern, found in _RULES])


_CONTRACTIONS = (("’", "'"), ("can't", "cannot"), ("won't", "will not"), ("n't", " not"))


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that Oracle found wrong."""

    text: str
    code: str = ""
    path: str = ""


class _Detail(msgspec.Struct):
    detail: str | None = None
    code: str | None = msgspec.field(name="o:errorCode", default=None)
    path: str | None = msgspec.field(name="o:errorPath", default=None)


class _AdfError(msgspec.Struct):
    title: str | None = None
    detail: str | None = None
    code: str | None = msgspec.field(name="o:errorCode", default=None)
    path: str | None = msgspec.field(name="o:errorPath", default=None)
    details: list[_Detail] = msgspec.field(name="o:errorDetails", default_factory=list)


class Judge:
    """Reads refusals with one instance's own rules before the common ones."""

    def __init__(self, rules: Sequence[RefusalRule] = (), cost_centre_names: Iterable[str] = ()) -> None:
        self.clean: Callable[[str], str] = redact
        """Takes credentials out of a text; the client puts its transport's own in here, which knows them."""
        own = tuple((re.compile(rule.pattern, re.IGNORECASE | re.DOTALL), rule.case_class) for rule in rules)
        names = "|".join(re.escape(name) for name in cost_centre_names if name)
        named: tuple[tuple[re.Pattern[str], str], ...] = ()
        if names:
            pattern = rf"(?:{names}).{{0,140}}{_NOT_USABLE}"
            named = ((re.compile(pattern, re.IGNORECASE | re.DOTALL), "COST_CENTRE_INACTIVE"),)
        self._own = (*own, *named)

    def __call__(self, answer: Answer, text: str) -> AdapterError | None:
        """Say what a 4xx means, None where every system means the same. `text` is its start without secrets."""
        found = [Complaint(self.clean(one.text), one.code, one.path) for one in complaints(answer.content)]
        if answer.status == 412:
            return VersionConflictError(
                answer.system,
                f"{answer.method} {answer.path}: the document was changed in Oracle after it was read; it is read again",
                status=412,
                answer=text,
            )
        if answer.status == 403:
            return CredentialsError(
                answer.system,
                f"{answer.method} {answer.path} is not allowed to our user: {_shown(found)}. "
                "Give the integration user the privilege and the data access",
                status=403,
                answer=text,
            )
        if answer.status not in (400, 404, 409, 422):
            return None
        refused = self.refusal(answer.system, found or [Complaint(text)], status=answer.status, answer=text)
        if answer.is_write or not isinstance(refused, RejectedError):
            return refused
        reason = refused.refusal.message or "no reason given"
        told = replace(
            refused.refusal,
            message=f"{answer.method} {answer.path} was refused with HTTP {answer.status}: {reason}",
        )
        return RejectedError(answer.system, told, answer=text)

    def refusal(
        self, system: str, found: Sequence[Complaint], *, status: int | None = None, answer: str = ""
    ) -> AdapterError:
        """Return the error for what Oracle found wrong."""
        case_class = self.classify(found)
        message = _shown(found)
        if case_class == DUPLICATE:
            return DuplicateError(system, message, status=status, answer=answer)
        if case_class == CONFLICT:
            return VersionConflictError(system, message, status=status, answer=answer)
        details: dict[str, Any] = {
            "errors": [{"code": one.code, "path": one.path, "text": one.text} for one in found]
        }
        codes = tuple(dict.fromkeys(one.code for one in found if one.code))
        refusal = Refusal(case_class, message, codes=codes, status=status, details=details)
        return RejectedError(system, refusal, answer=answer)

    def classify(self, found: Sequence[Complaint]) -> str:
        """Return the exception class of the first rule that finds something; REJECTED when none does."""
        texts = [_searched(one) for one in found]
        for pattern, case_class in (*self._own, *_common()):
            if any(pattern.search(text) for text in texts):
                return case_class
        return "REJECTED"


def complaints(content: bytes) -> list[Complaint]:
    """Read an error body in any of its forms: details, single object, plain or HTML text."""
    try:
        error = msgspec.json.decode(content, type=_AdfError, strict=False)
    except UNREADABLE:
        return _plain(content)
    found = [Complaint(one.detail, one.code or "", one.path or "") for one in error.details if one.detail]
    if not found and (error.detail or error.title):
        found = [Complaint(error.detail or error.title or "", error.code or "", error.path or "")]
    return found


def action_complaints(result: object) -> list[Complaint]:
    """Return what an action's result complains about; nothing when it says success.

    >>> action_complaints("Success"), action_complaints({"STATUS": [{"CODE": "SUCCESS"}]})
    ([], [])
    >>> action_complaints("Funds check failed.")[0].text
    'Funds check failed.'
    """
    if isinstance(result, str):
        return [] if result.strip().upper() == "SUCCESS" else [Complaint(result.strip() or "empty result")]
    rows = list(_maps(result))
    if any(_is_success(row) for row in rows) and not any(_says_error(row) for row in rows):
        return []
    return [_complaint(row) for row in rows] or [Complaint(f"the result is {result!r}"[:PLAIN_TEXT_MAX])]


def unsure(system: str, what: str, reason: str, *, status: int | None = None) -> OutcomeUnknownError:
    """Return the error for a write whose answer we could not read."""
    return OutcomeUnknownError(
        system,
        f"{what}: {reason}. It may have been done: it is looked up before it is sent again",
        status=status,
    )


def _maps(result: object) -> Iterable[Mapping[str, object]]:
    """Walk the maps inside a result: a list of them, or a map of lists."""
    if isinstance(result, list):
        for one in result:
            yield from _maps(one)
    elif isinstance(result, dict):
        nested = [value for value in result.values() if isinstance(value, list | dict)]
        if nested:
            for one in nested:
                yield from _maps(one)
        else:
            yield result


def _is_success(row: Mapping[str, object]) -> bool:
    return any(str(value).upper() == "SUCCESS" for value in row.values())


def _says_error(row: Mapping[str, object]) -> bool:
    return any(str(value).upper() in ("ERROR", "FAILURE", "FAILED") for value in row.values())


def _complaint(row: Mapping[str, object]) -> Complaint:
    """Make one text of a map whose member names are not documented: its longest value is the sentence."""
    texts = [str(value) for value in row.values() if value not in (None, "")]
    codes = [str(value) for name, value in row.items() if "code" in name.lower() and value]
    return Complaint(max(texts, key=len, default="no text"), codes[0] if codes else "")


def _plain(content: bytes) -> list[Complaint]:
    text = content.decode("utf-8", "replace")
    if "<" in text:
        text = re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^>]*>", " ", text)
    text = " ".join(text.split())[:PLAIN_TEXT_MAX]
    if not text:
        return []
    code = re.match(r"((?:JBO|[A-Z]{2,4})-\d+)\b:?\s*", text)
    return [Complaint(text, code[1] if code else "")]


def _searched(one: Complaint) -> str:
    text = f"{one.code} {one.path} {one.text}"
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    return text


def _shown(found: Sequence[Complaint]) -> str:
    """Return Oracle's own words, each sentence once."""
    texts = dict.fromkeys(one.text.strip() for one in found)
    return "; ".join(texts)[:MESSAGE_MAX] or "no reason was given"
