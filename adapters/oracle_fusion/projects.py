"""Which project, task and type of expenditure a charge carries besides its account. Pure.

A charge's project stands in a segment of its account. What Oracle's project costing wants to know beside it, the task for
example, no other system knows: the profile says it by project (`project_coding`). Orders name it by ids, invoices by names.
What Oracle shows is held against that: a charge with another coding is shown as charged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Protocol

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


class Shown(Protocol):
    """A coding as Oracle shows it, by ids or by names."""

    @property
    def project(self) -> object: ...
    @property
    def task(self) -> object: ...
    @property
    def expenditure_type(self) -> object: ...
    @property
    def organization(self) -> object: ...


def seen(account: str, codings: Sequence[Shown] | None, options: Options, *, by_id: bool) -> str:
    """Return the account, with the coding that Oracle shows where it is another than the profile says; `codings` None: it
    does not show any. The day of the expenditure is Oracle's to move."""
    if options.project_coding is None or codings is None:
        return account
    try:
        code = code_of(account, options)
    except UncodedError:
        return account  # what nobody has said can't be compared
    have = [_words(one.project, one.task, one.expenditure_type, one.organization) for one in codings]
    have = [one for one in have if any(one)]
    want = [] if code is None else [_of_code(code, by_id=by_id)]
    if have == want:
        return account
    return f"{account} (project {', '.join(' / '.join(one) for one in have) or 'none'})"


def _of_code(code: ProjectCode, *, by_id: bool) -> tuple[str, ...]:
    if by_id:
        return _words(code.project_id, code.task_id, code.expenditure_type_id, code.organization_id)
    return _words(code.project, code.task, code.expenditure_type, code.organization)


def _words(*values: object) -> tuple[str, ...]:
    return tuple("" if one is None else str(one) for one in values)


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
