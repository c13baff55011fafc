"""Requests to Workday's web services. Pure. Nothing of ours is ever written to Workday.

The children of a request stand in the schema's order: references, criteria, filter, group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_PASSWORD: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"  # noqa: S105
)
_WORKER_GROUP: Final = (
    "Include_Reference",
    "Include_Personal_Information",
    "Include_Additional_Jobs",
    "Include_Employment_Information",
    "Include_Organizations",
    "Exclude_Business_Units",
    "Exclude_Pay_Groups",
    "Exclude_Funds",
    "Exclude_Grants",
    "Exclude_Gifts",
    "Exclude_Programs",
    "Include_Management_Chain_Data",
    "Include_Multiple_Managers_in_Management_Chain_Data",
)
_LOG_GROUP: Final = (
    "Include_Transaction_Log_Data",
    "Include_Subevents_for_Corrected_Transaction",
    "Include_Subevents_for_Rescinded_Transaction",
)
_ORGANISATION_GROUP: Final = ("Include_Hierarchy_Data", "Include_Supervisory_Data")


@dataclass(frozen=True, slots=True)
class AsOf:
    """As known at which moment, as valid on which day: the same for all pages of a pass."""

    entry: datetime
    effective: date


@dataclass(frozen=True, slots=True)
class Window:
    """Entries between two moments, or events that take effect between two days. Never both in one request."""

    kind: str
    """`Updated` or `Effective`."""
    first: datetime | date
    last: datetime | date


def get_workers(
    version: str,
    as_of: AsOf,
    *,
    page: int,
    count: int,
    window: Window | None = None,
    wids: Sequence[str] = (),
    only_active: bool = False,
    is_count: bool = False,
) -> str:
    """Ask for a page of workers: all, those with events in a window, or those of these ids."""
    criteria = _window("Transaction_Log_Criteria_Data", window)
    if only_active:
        criteria += _element("Exclude_Inactive_Workers", "true")
    group = () if is_count else _WORKER_GROUP + (_LOG_GROUP if window is not None else ())
    return _request(
        "Get_Workers_Request",
        version,
        _references("Worker_Reference", wids),
        criteria,
        as_of,
        page,
        count,
        group or ("Include_Reference",),
    )


def get_organizations(
    version: str,
    as_of: AsOf,
    types: Iterable[str],
    *,
    page: int,
    count: int,
    window: Window | None = None,
    wids: Sequence[str] = (),
) -> str:
    """Ask for a page of organisations of some types, inactive ones always included: they would look deleted."""
    criteria = "".join(
        f'<bsvc:Organization_Type_Reference><bsvc:ID bsvc:type="Organization_Type_ID">{escape(one)}</bsvc:ID>'
        "</bsvc:Organization_Type_Reference>"
        for one in types
    )
    criteria += _element("Include_Inactive", "true") + _window("Transaction_Log_Criteria", window)
    return _request(
        "Get_Organizations_Request",
        version,
        _references("Organization_Reference", wids),
        criteria,
        as_of,
        page,
        count,
        _ORGANISATION_GROUP,
    )


def server_timestamp(version: str) -> str:
    """Ask what time it is there."""
    return f'<bsvc:Server_Timestamp_Get xmlns:bsvc="urn:com.workday/bsvc" bsvc:version={quoteattr(version)}/>'


def envelope(body: str, user: tuple[str, str] | None = None) -> bytes:
    """Wrap a request; `user` is name and password where no token goes with it.

    >>> b"UsernameToken" in envelope("<x/>"), b"<w:Username>isu@acme<" in envelope("<x/>", ("isu@acme", "p<w"))
    (False, True)
    """
    header = ""
    if user is not None:
        header = (
            f'<soapenv:Header><w:Security soapenv:mustUnderstand="1" xmlns:w="{_WSSE}"><w:UsernameToken>'
            f'<w:Username>{escape(user[0])}</w:Username><w:Password Type="{_PASSWORD}">{escape(user[1])}</w:Password>'
            "</w:UsernameToken></w:Security></soapenv:Header>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
        f"{header}<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def report_prompts(effective: date, since: datetime | None) -> Mapping[str, str]:
    """Return the prompts of a report: as valid on a day, and only what was touched since a moment."""
    prompts = {"format": "json", "Effective_From": effective.isoformat(), "Include_Inactive": "1"}
    if since is not None:
        prompts["Last_Functionally_Updated"] = since.isoformat(timespec="milliseconds")
    return prompts


def _request(
    name: str,
    version: str,
    references: str,
    criteria: str,
    as_of: AsOf,
    page: int,
    count: int,
    group: Iterable[str],
) -> str:
    wrapped = (
        f"<bsvc:Request_Criteria>{criteria}</bsvc:Request_Criteria>" if criteria and not references else ""
    )
    return (
        f'<bsvc:{name} xmlns:bsvc="urn:com.workday/bsvc" bsvc:version={quoteattr(version)}>{references}{wrapped}'
        f"<bsvc:Response_Filter>{_element('As_Of_Effective_Date', as_of.effective.isoformat())}"
        f"{_element('As_Of_Entry_DateTime', as_of.entry.isoformat())}{_element('Page', str(page))}"
        f"{_element('Count', str(count))}</bsvc:Response_Filter>"
        f"<bsvc:Response_Group>{''.join(_element(one, 'true') for one in group)}</bsvc:Response_Group></bsvc:{name}>"
    )


def _references(name: str, wids: Sequence[str]) -> str:
    """References or criteria, never both: how they would combine is not known."""
    if not wids:
        return ""
    listed = "".join(
        f'<bsvc:{name}><bsvc:ID bsvc:type="WID">{escape(wid)}</bsvc:ID></bsvc:{name}>' for wid in wids
    )
    return (
        f'<bsvc:Request_References bsvc:Skip_Non_Existing_Instances="true">{listed}</bsvc:Request_References>'
    )


def _window(criteria: str, window: Window | None) -> str:
    if window is None:
        return ""
    pair = _element(f"{window.kind}_From", window.first.isoformat()) + _element(
        f"{window.kind}_Through", window.last.isoformat()
    )
    return f"<bsvc:{criteria}><bsvc:Transaction_Date_Range_Data>{pair}</bsvc:Transaction_Date_Range_Data></bsvc:{criteria}>"


def _element(name: str, value: str) -> str:
    return f"<bsvc:{name}>{escape(value)}</bsvc:{name}>"
