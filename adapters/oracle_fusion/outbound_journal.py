"""From a journal to what Import Journals is sent. Pure: nothing is asked, nothing is sent.

The batch bears our name of it, the group an id made from the idempotency key: by the name the batch is found again,
by the group two files are never mixed in the interface table.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.oracle_fusion.gl_interface import SEGMENTS_MAX, archive
from adapters.oracle_fusion.options import LedgerAccess, Options
from adapters.oracle_fusion.outbound import CannotExpressError, cut, identifier
from store.canonical.journal import JournalEntry, JournalLine

BATCH_NAME_MAX: Final = 50
"""Oracle puts source, balance type, group and request behind it; the whole has 100 characters."""
JOURNAL_NAME_MAX: Final = 60
"""Likewise: category and currency follow."""
REFERENCE_MAX: Final = 80
DESCRIPTION_MAX: Final = 240
SEGMENT_MAX: Final = 25
GROUP_FIRST: Final = 10**14
WILDCARDS: Final = frozenset("*%")


def group_id(idempotency_key: str) -> int:
    """Return the group of an import: fifteen digits that follow from the key, the same at every attempt.

    >>> group_id("concur:ABC/1") == group_id("concur:ABC/1"), len(str(group_id("x")))
    (True, 15)
    """
    digest = hashlib.sha256(idempotency_key.encode()).digest()
    return GROUP_FIRST + int.from_bytes(digest[:8]) % GROUP_FIRST


def batch_name(journal: JournalEntry) -> str:
    """Return the name that the batch is given and found by."""
    name = identifier(journal.batch or journal.number, BATCH_NAME_MAX, "batch name")
    if WILDCARDS & set(name):
        raise CannotExpressError(
            "PAYLOAD_INVALID", f"the batch name {name!r} holds a wildcard: it could not be looked up"
        )
    return name


def ledger_access(journal: JournalEntry, options: Options) -> LedgerAccess:
    found = options.ledgers.get(journal.ledger)
    if found is None:
        raise CannotExpressError(
            "MAPPING_MISSING", f"ledger {journal.ledger!r} has no entry under ledgers of this system"
        )
    return found


def journal_import(journal: JournalEntry, idempotency_key: str, options: Options) -> dict[str, Any]:
    """Return the body of `importBulkData` that brings in this one journal."""
    access, how = ledger_access(journal, options), options.journal_import
    group = group_id(idempotency_key)
    content = archive(_rows(journal, group, access, options))
    parameters = (
        access.data_access_set_id,
        how.source_parameter,
        access.ledger_id,
        group,
        _flag(how.posts_errors_to_suspense),
        _flag(how.creates_summary),
        how.flexfields,
    )
    return {
        "OperationName": "importBulkData",
        "DocumentContent": base64.b64encode(content).decode(),
        "ContentType": "zip",
        "FileName": f"{how.file_prefix}{group}.zip",
        "DocumentAccount": how.document_account,
        "JobName": how.job,
        "ParameterList": ",".join(map(_parameter, parameters)),
        "CallbackURL": "#NULL",
        "NotificationCode": "10",
        "JobOptions": how.job_options,
    }


def _rows(
    journal: JournalEntry, group: int, access: LedgerAccess, options: Options
) -> Iterator[Mapping[str, str]]:
    if not any(line.amount.amount_minor for line in journal.lines):
        raise CannotExpressError("PAYLOAD_INVALID", f"journal {journal.number} has no amounts")
    how = options.journal_import
    day = journal.accounting_on.strftime(
        how.date_format.replace("yyyy", "%Y").replace("mm", "%m").replace("dd", "%d")
    )
    header = {
        "STATUS": "NEW",
        "LEDGER_ID": str(access.ledger_id),
        "ACCOUNTING_DATE": day,
        "USER_JE_SOURCE_NAME": identifier(journal.source, DESCRIPTION_MAX, "journal source"),
        "USER_JE_CATEGORY_NAME": identifier(journal.category, DESCRIPTION_MAX, "journal category"),
        "CURRENCY_CODE": journal.currency,
        "DATE_CREATED": day,  # a day of the document, not of this run: the file stays the same
        "ACTUAL_FLAG": "A",
        "REFERENCE1": batch_name(journal),
        "REFERENCE2": cut(journal.reference or journal.description, DESCRIPTION_MAX),
        "REFERENCE4": identifier(journal.number, JOURNAL_NAME_MAX, "journal name"),
        "REFERENCE5": cut(journal.description, DESCRIPTION_MAX),
        "GROUP_ID": str(group),
    }
    if journal.reference:
        header["REFERENCE6"] = identifier(journal.reference, REFERENCE_MAX, "reference")
    if journal.currency != access.currency:
        header |= {"USER_CURRENCY_CONVERSION_TYPE": access.conversion_type, "CURRENCY_CONVERSION_DATE": day}
    for line in journal.lines:
        yield {**header, **_segments(line, options), **_line(line)}


def _line(line: JournalLine) -> dict[str, str]:
    column = "ENTERED_DR" if line.side == "debit" else "ENTERED_CR"
    return {
        column: f"{line.amount.amount:f}",
        "REFERENCE10": cut(line.description, DESCRIPTION_MAX),
        "REFERENCE21": cut(line.number, DESCRIPTION_MAX),
        "REFERENCE22": cut(line.reference or "", DESCRIPTION_MAX),
    }


def _segments(line: JournalLine, options: Options) -> dict[str, str]:
    values = line.account.split(options.segment_delimiter)
    if len(values) > SEGMENTS_MAX or not all(0 < len(one) <= SEGMENT_MAX for one in values):
        raise CannotExpressError(
            "ACCOUNT_INVALID",
            f"line {line.number}: {line.account!r} is no account combination of up to {SEGMENTS_MAX} segments "
            f"with {options.segment_delimiter!r} between them",
        )
    return {f"SEGMENT{position}": value for position, value in enumerate(values, 1)}


def _parameter(value: object) -> str:
    """Return one position of the parameter list; one with a comma in it is quoted."""
    text = str(value)
    if not text:
        return "#NULL"
    return f'"{text}"' if "," in text else text


def _flag(value: bool) -> str:
    return "Y" if value else "N"
