"""Rows of Workday to canonical records. Pure: no clock, no network, no store.

`Termination_Date` shows as soon as somebody enters it, long before it holds: nobody is inactive by it, only by `Active`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

import msgspec
from pydantic import ValidationError

from adapters.answer import UNREADABLE, where
from adapters.base import Translated, Untranslatable
from adapters.workday import wire
from adapters.workday.options import Options
from store.canonical.organisation import CostCentre, Organisation
from store.canonical.people import Employee, ScheduledChange

_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:$|[T Zz+-])")
_TRUE: Final = frozenset({"1", "true", "yes", "y"})
_FALSE: Final = frozenset({"0", "false", "no", "n"})
_KINDS: Final[Mapping[str, Literal["supervisory", "cost_centre_hierarchy"]]] = {
    "SUPERVISORY": "supervisory",
    "COST_CENTER_HIERARCHY": "cost_centre_hierarchy",
}
_SUBJECTS: Final[Mapping[str, Literal["employee", "organisation", "cost_centre"]]] = {
    "WORKER": "employee",
    "SUPERVISORY": "organisation",
    "COST_CENTER_HIERARCHY": "organisation",
    "COST_CENTER": "cost_centre",
}
_STATUSES: Final[Mapping[str, Literal["scheduled", "pending", "rescinded", "corrected"]]] = {
    "SUCCESSFULLY_COMPLETED": "scheduled",
    "IN_PROGRESS": "pending",
    "RESCINDED": "rescinded",
    "CORRECTED": "corrected",
}


class _BadError(Exception):
    """A column that can't be taken as it is."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.path = f"$.{column}" if column.startswith("as_of") else f"$.row.{column}"
        self.reason = reason


def translate(entity: str, rows: Sequence[bytes], options: Options) -> list[Translated | Untranslatable]:
    """Turn rows into canonical records, in order. A bad row is a value, never an exception."""
    return [_translated(entity, row, options) for row in rows]


def _translated(entity: str, row: bytes, options: Options) -> Translated | Untranslatable:
    make, shape = _MAKERS[entity]
    try:
        read = msgspec.json.decode(row, type=shape)
    except UNREADABLE as error:
        return Untranslatable(_id_in(entity, row), None, "$", where(error, row))
    document = read.row
    external_id = getattr(document, wire.KEYS[entity])
    number = document.Worker_ID if entity == "employee" else getattr(document, "Org_ID", external_id)
    try:
        record = make(read, options)
    except _BadError as error:
        return Untranslatable(external_id, number, error.path, error.reason)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return Untranslatable(external_id, number, "$.row", first["msg"])
    if not external_id:
        return Untranslatable(None, number, f"$.row.{wire.KEYS[entity]}", "the row has no id")
    return Translated(external_id, record)


def _id_in(entity: str, row: bytes) -> str | None:
    """Return the id of a row that has another shape than described, as far as it says one."""
    try:
        found = msgspec.json.decode(row)
    except UNREADABLE:
        return None
    inner = found.get("row") if isinstance(found, dict) else None
    value = inner.get(wire.KEYS[entity]) if isinstance(inner, dict) else None
    return value if isinstance(value, str) else None


def _employee(read: wire.Read[wire.WorkerRow], options: Options) -> Employee:
    row = read.row
    is_active = _flag("Active", row.Active)
    if is_active is None:
        raise _BadError("Active", "the row does not say whether the worker is active")
    starts_on, ended_on = _day("Hire_Date", row.Hire_Date), _day("Termination_Date", row.Termination_Date)
    status = _status(
        is_active,
        _flag("On_Leave", row.On_Leave) or False,
        starts_on,
        _day("as_of_effective", read.as_of_effective),
    )
    return Employee(
        number=_required("Worker_ID", row.Worker_ID),
        login=row.User_Name,
        name=row.Preferred_Name
        or _required("Legal_Last_Name", " ".join(filter(None, (row.Legal_First_Name, row.Legal_Last_Name)))),
        email=row.Work_Email,
        is_active=is_active,
        manager_number=row.Manager_Worker_ID,
        cost_centre=_cost_centre_of(read, "Cost_Centre_ID", row.Cost_Centre_ID, options),
        legal_entity=row.Company_ID,
        starts_on=starts_on,
        ends_on=ended_on if status == "terminated" else None,
        worker_type=_worker_type(row.Worker_Type),
        status=status,
        org_unit=row.Supervisory_Org_ID,
        position_id=row.Position_ID,
        leaves_on=ended_on if status != "terminated" else None,
        next_change_on=_day("Future_Change_Date", row.Future_Change_Date),
        further_cost_centres=wire.values(row.Further_Cost_Centre_IDs),
        **_how(read),
    )


def _organisation(read: wire.Read[wire.OrganisationRow], options: Options) -> Organisation:
    row = read.row
    kind = _KINDS.get((row.Org_Type or "").upper())
    if kind is None:
        raise _BadError("Org_Type", "it is neither a supervisory organisation nor a node of a hierarchy")
    number = _required("Org_ID", row.Org_ID)
    return Organisation(
        number=number,
        name=row.Org_Name or number,
        kind=kind,
        code=row.Org_Code,
        parent=row.Superior_Org_ID,
        managers=wire.values(row.Manager_Worker_IDs),
        is_active=not _inactive(row),
        starts_on=_day("Available_Date", row.Available_Date),
        ends_on=_day("Inactive_Date", row.Inactive_Date),
        default_cost_centre=_cost_centre_of(
            read, "Default_Cost_Centre_ID", row.Default_Cost_Centre_ID, options
        ),
        default_legal_entity=row.Default_Company_ID,
        **_how(read),
    )


def _cost_centre(read: wire.Read[wire.OrganisationRow], options: Options) -> CostCentre:
    row = read.row
    reference_id = _required("Org_ID", row.Org_ID)
    is_by_code = options.cost_centre_key == "code"
    number = _required("Org_Code", row.Org_Code) if is_by_code else reference_id
    roll_ups = tuple(sorted(wire.values(row.Included_In_Org_IDs)))
    return CostCentre(
        number=number,
        name=row.Org_Name or number,
        parent=read.resolved["parent"] if "parent" in read.resolved else _only(roll_ups),
        is_active=not _inactive(row),
        starts_on=_day("Available_Date", row.Available_Date),
        ends_on=_day("Inactive_Date", row.Inactive_Date),
        reference_id=reference_id if is_by_code else None,
        code=None if is_by_code else row.Org_Code,
        roll_ups=roll_ups,
        **_how(read),
    )


def _change(read: wire.Read[wire.ChangeRow], options: Options) -> ScheduledChange:
    row = read.row
    effective_on = _day("Effective_Date", row.Effective_Date)
    if effective_on is None:
        raise _BadError("Effective_Date", "the event has no day on which it takes effect")
    status = _STATUSES.get((row.Status or "").upper().replace(" ", "_"))
    if status is None:
        raise _BadError("Status", "it is none of the states that the report is meant to have")
    return ScheduledChange(
        number=_required("Event_WID", row.Event_WID),
        subject_entity=_SUBJECTS.get((row.Subject_Kind or "").upper(), "other"),
        subject_id=_required("Subject_WID", row.Subject_WID),
        subject_number=row.Subject_ID,
        kind=row.Event_Type or "",
        effective_on=effective_on,
        entered_at=_moment("Entry_Moment", row.Entry_Moment),
        status=status,
        org_unit=row.New_Supervisory_Org_ID,
        cost_centre=_cost_centre_of(read, "New_Cost_Centre_ID", row.New_Cost_Centre_ID, options),
        manager_number=row.New_Manager_Worker_ID,
        **_how(read),
    )


def _how(read: wire.Read[Any]) -> dict[str, Any]:
    return {
        "as_of_entry": _moment("as_of_entry", read.as_of_entry),
        "as_of_effective": _day("as_of_effective", read.as_of_effective),
        "transport": read.transport,
    }


def _status(
    is_active: bool, is_on_leave: bool, starts_on: date | None, today: date | None
) -> Literal["active", "on_leave", "future", "terminated"]:
    if is_active:
        return "on_leave" if is_on_leave else "active"
    is_ahead = starts_on is not None and today is not None and starts_on > today
    return "future" if is_ahead else "terminated"


def _worker_type(text: str | None) -> Literal["employee", "contingent"] | None:
    """Read a kind of worker, however long the report words it.

    >>> _worker_type("CONTINGENT"), _worker_type("Contingent Worker"), _worker_type("Employee")
    ('contingent', 'contingent', 'employee')
    """
    word = (text or "").casefold()
    if word.startswith("contingent"):
        return "contingent"
    return "employee" if word.startswith("employee") else None


def _cost_centre_of(read: wire.Read[Any], column: str, value: str | None, options: Options) -> str | None:
    if value is None or options.cost_centre_key == "reference_id":
        return value
    code = read.resolved.get(column)
    if code is None:
        raise _BadError(
            column, f"cost centre {value} has no code that we know, and codes are its numbers here"
        )
    return code


def _inactive(row: wire.OrganisationRow) -> bool:
    found = _flag("Inactive", row.Inactive)
    if found is None:
        raise _BadError("Inactive", "the row does not say whether the organisation is inactive")
    return found


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _required(column: str, value: str | None) -> str:
    if not value:
        raise _BadError(column, f"the row has no {column}")
    return value


def _flag(column: str, value: wire.Flag) -> bool | None:
    if value is None or value == "":
        return None
    word = str(value).strip().casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _BadError(column, "it is neither true nor false")


def _day(column: str, value: str | None) -> date | None:
    """Read a day; Workday writes some with an offset or a time behind them."""
    if not value:
        return None
    found = _DAY.match(value)
    try:
        if found:
            return date.fromisoformat(found[1])
    except ValueError:
        pass
    raise _BadError(column, "it is no date")


def _moment(column: str, value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _BadError(column, "it is no moment with an offset")


_MAKERS: Final[Mapping[str, tuple[Callable[[Any, Options], Any], Any]]] = {
    "employee": (_employee, wire.Read[wire.WorkerRow]),
    "organisation": (_organisation, wire.Read[wire.OrganisationRow]),
    "cost_centre": (_cost_centre, wire.Read[wire.OrganisationRow]),
    "scheduled_change": (_change, wire.Read[wire.ChangeRow]),
}
ENTITIES: Final = tuple(_MAKERS)
