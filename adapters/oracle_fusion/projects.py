"""Which project, task and type of expenditure a charge carries besides its account. Pure.

A charge's project stands in a segment of its account. What Oracle's project costing wants to know beside it, the task for
example, no other system knows: the profile says it by project (`project_coding`). Orders name it by ids, invoices by names.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from adapters.oracle_fusion.options import Options, ProjectCode

Body = dict[str, Any]


class UncodedError(ValueError):
    """A charge whose project coding nobody has said, or that has several at once."""


def of_distribution(account: str, on: date | None, options: Options) -> list[Body] | None:
    """Return the `projectDFF` of one distribution of an order; None: it is no project's."""
    code = code_of(account, options)
    if code is None:
        return None
    if on is None:
        raise UncodedError(
            f"account {account} is a project's, and the line says no day on which it is needed"
        )
    return [
        {
            "_PROJECT_ID": code.project_id,
            "_TASK_ID": code.task_id,
            "_EXPENDITURE_ITEM_DATE": on.isoformat(),
            "_EXPENDITURE_TYPE_ID": code.expenditure_type_id,
            "_ORGANIZATION_ID": code.organization_id,
        }
    ]


def of_line(accounts: Iterable[str], on: date, options: Options) -> list[Body] | None:
    """Return the `invoiceLineProjectDff` of one line of an invoice; None: it is no project's."""
    codes = {code_of(account, options) for account in accounts}
    if len(codes) > 1:
        raise UncodedError("an invoice line has one project coding, and this one is charged to several")
    code = next(iter(codes), None)
    if code is None:
        return None
    return [
        {
            "_PROJECT_ID_Display": code.project,
            "_TASK_ID_Display": code.task,
            "_EXPENDITURE_ITEM_DATE": on.isoformat(),
            "_EXPENDITURE_TYPE_ID_Display": code.expenditure_type,
            "_ORGANIZATION_ID_Display": code.organization,
        }
    ]


def code_of(account: str, options: Options) -> ProjectCode | None:
    """Return the coding of a charge; None: it is no project's."""
    coding = options.project_coding
    if coding is None:
        return None
    segments = account.split(options.segment_delimiter)
    project = segments[coding.segment - 1] if coding.segment <= len(segments) else ""
    if project in ("", *coding.no_project):
        return None
    found = coding.projects.get(project)
    if found is None:
        raise UncodedError(
            f"project {project} of account {account} has no entry under project_coding of this system"
        )
    return found
