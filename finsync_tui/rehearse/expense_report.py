"""What the expense tool and the ERPs hold of expenses at the end, as the judge reads it from them: plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_SHORT: Final = 12
"""So many characters of a document's id stand in the mark of its posting."""


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A financial document as the expense tool holds it."""

    document_id: str
    report_id: str
    """Of the report, or of the cash advance."""
    kind: str
    """expense or cashadvance."""
    name: str
    legal_entity: str
    currency: str
    status: str
    charged_minor: int
    """What it states."""
    owed_minor: int
    """What its employee is owed for it."""
    is_acknowledged: bool
    posted_as: tuple[str, ...]
    """The ERP's number of each confirmation of success."""
    refused_count: int
    """Confirmations of failure."""
    paid: tuple[tuple[str, str, int], ...]
    """Status, reference and amount of each payment that was confirmed."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A journal or an invoice as an ERP holds it."""

    system: str
    external_id: str
    kind: str
    """journal or invoice."""
    number: str
    mark: str
    """Ends with the beginning of the document's id."""
    is_live: bool
    """Not cancelled."""
    is_reversal: bool
    currency: str
    debit_minor: int
    credit_minor: int
    charged_minor: int
    """On accounts of expenses and input tax."""
    owed_minor: int
    """On the account of what employees are owed; of an invoice, its total."""
    paid: tuple[tuple[str, int], ...] = ()
    """Id and amount of each payment that was not called back."""
    voided: tuple[str, ...] = ()
    """Ids of payments that were."""

    @property
    def document(self) -> str:
        """The beginning of the document's id."""
        return self.mark.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class ExpenseReport:
    """Both sides of expenses at one instant."""

    documents: tuple[SourceDocument, ...] = ()
    postings: tuple[Posting, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ExpenseReport:
        return cls(
            tuple(SourceDocument(**_tuples(one, "posted_as", "paid")) for one in value["documents"]),
            tuple(Posting(**_tuples(one, "paid", "voided")) for one in value["postings"]),
        )


def short(document_id: str) -> str:
    return document_id[:_SHORT]


def _tuples(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    found = dict(row)
    for name in names:
        found[name] = tuple(tuple(one) if isinstance(one, list) else one for one in row[name])
    return found
