"""Rows of Workday as we describe them, whichever door they came by: the columns of the three reports.

What SOAP says is put into the same columns. A row is stored with how it was read; of columns that are not described only the
names are kept, never what was in them: a birth date leaves the parser's memory with the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec

from adapters.broken import MARK

Flag = bool | int | str | None
"""A boolean: `0`, `1`, `true`, `false`, as text or not."""
Repeated = str | list[str | dict[str, Any]] | None
"""A repeating column: a bare text when it has one value."""


class WorkerRow(msgspec.Struct, rename=None):
    """One worker record."""

    Worker_WID: str | None = None
    Worker_ID: str | None = None
    Worker_Type: str | None = None
    User_Name: str | None = None
    Work_Email: str | None = None
    Legal_First_Name: str | None = None
    Legal_Last_Name: str | None = None
    Preferred_Name: str | None = None
    Active: Flag = None
    Hire_Date: str | None = None
    Termination_Date: str | None = None
    On_Leave: Flag = None
    Position_ID: str | None = None
    Supervisory_Org_ID: str | None = None
    Manager_Worker_ID: str | None = None
    Company_ID: str | None = None
    Cost_Centre_ID: str | None = None
    Location_ID: str | None = None
    Future_Change_Date: str | None = None
    Last_Functionally_Updated: str | None = None
    Further_Cost_Centre_IDs: Repeated = None
    """Of additional jobs: SOAP only."""


class OrganisationRow(msgspec.Struct):
    """One supervisory organisation, cost centre or node of a cost centre hierarchy."""

    Org_WID: str | None = None
    Org_ID: str | None = None
    Org_Type: str | None = None
    Org_Code: str | None = None
    Org_Name: str | None = None
    Inactive: Flag = None
    Inactive_Date: str | None = None
    Available_Date: str | None = None
    Superior_Org_ID: str | None = None
    Included_In_Org_IDs: Repeated = None
    Manager_Worker_IDs: Repeated = None
    Default_Company_ID: str | None = None
    Default_Cost_Centre_ID: str | None = None
    Last_Functionally_Updated: str | None = None


class ChangeRow(msgspec.Struct):
    """One event that takes effect after today, or did when it was entered."""

    Event_WID: str | None = None
    Event_Type: str | None = None
    Subject_WID: str | None = None
    Subject_Kind: str | None = None
    Effective_Date: str | None = None
    Entry_Moment: str | None = None
    Status: str | None = None
    New_Supervisory_Org_ID: str | None = None
    New_Cost_Centre_ID: str | None = None
    New_Manager_Worker_ID: str | None = None
    Subject_ID: str | None = None
    """SOAP only."""


R = TypeVar("R")


class Read(msgspec.Struct, Generic[R]):
    """A row and how it was read."""

    as_of_entry: str
    as_of_effective: str
    transport: str
    row: R
    resolved: dict[str, str | None] = {}
    """What other rows say of values in this one: a cost centre's code, the parent among several."""
    left_out: list[str] = []
    """Names of columns that the row has and we do not describe."""


SHAPES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "employee": WorkerRow,
    "organisation": OrganisationRow,
    "cost_centre": OrganisationRow,
    "scheduled_change": ChangeRow,
}
ALWAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "employee": ("Worker_WID", "Worker_ID", "Worker_Type", "Active", "Supervisory_Org_ID", "Cost_Centre_ID"),
    "organisation": ("Org_WID", "Org_ID", "Org_Type", "Org_Name", "Inactive"),
    "cost_centre": ("Org_WID", "Org_ID", "Org_Type", "Org_Name", "Inactive"),
    "scheduled_change": ("Event_WID", "Subject_WID", "Effective_Date", "Status"),
}
"""What some row of a page surely has: an empty column is not sent."""
KEYS: Final[Mapping[str, str]] = {
    "employee": "Worker_WID",
    "organisation": "Org_WID",
    "cost_centre": "Org_WID",
    "scheduled_change": "Event_WID",
}
TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "organisation": ("SUPERVISORY", "COST_CENTER_HIERARCHY"),
    "cost_centre": ("COST_CENTER",),
}
"""Which organisations an entity is made of."""
SOAP_ONLY: Final = frozenset({"Further_Cost_Centre_IDs", "Subject_ID"})
_NAMES_MAX: Final = 100


def columns(entity: str) -> tuple[str, ...]:
    """Return the columns that a report has to have."""
    return tuple(name for name in SHAPES[entity].__struct_fields__ if name not in SOAP_ONLY)


def kept(entity: str, row: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what a row says in columns that are described, and the names of its others.

    >>> kept("scheduled_change", {"Event_WID": "e1", "Date_of_Birth": "1984-05-17"})
    ({'Event_WID': 'e1'}, ['Date_of_Birth'])
    """
    described = SHAPES[entity].__struct_fields__
    found = {name: value for name, value in row.items() if name in described or name == MARK}
    return found, sorted(name[:_NAMES_MAX] for name in row if name not in found)[:_NAMES_MAX]


def values(repeated: Repeated) -> tuple[str, ...]:
    """Return the values of a repeating column, in order.

    >>> values("CCH-OPS"), values([{"ID": "A"}, {"ID": "B"}]), values(None)
    (('CCH-OPS',), ('A', 'B'), ())
    """
    if repeated is None:
        return ()
    found = [repeated] if isinstance(repeated, str) else repeated
    texts = [str(one.get("ID", "")) if isinstance(one, dict) else one for one in found]
    return tuple(dict.fromkeys(one for one in texts if one))
