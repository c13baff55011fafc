"""Reports as a service: the three that finsync asks an administrator to build, over the same fold as all other doors."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal
from xml.sax.saxutils import escape, quoteattr

from adapters.workday.simulator_view import ORGANISATION_DOMAIN, WORKER_DOMAIN, View
from adapters.workday.simulator_world import (
    COST_CENTRE,
    HIERARCHY,
    SUPERVISORY,
    WORKER,
    Event,
    Fields,
    Subject,
    World,
)

Row = dict[str, Any]
BooleanForm = Literal["0/1", "true/false"]

WORKERS: Final = "FINSYNC_Workers"
ORGANIZATIONS: Final = "FINSYNC_Organizations"
SCHEDULED: Final = "FINSYNC_Scheduled_Changes"
PROMPTS: Final[Mapping[str, frozenset[str]]] = {
    WORKERS: frozenset({"Effective_From", "Last_Functionally_Updated", "Include_Inactive"}),
    ORGANIZATIONS: frozenset({"Effective_From", "Last_Functionally_Updated", "Include_Inactive"}),
    SCHEDULED: frozenset(),
}
DOMAINS: Final[Mapping[str, str]] = {
    WORKERS: WORKER_DOMAIN,
    ORGANIZATIONS: ORGANISATION_DOMAIN,
    SCHEDULED: WORKER_DOMAIN,
}
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    WORKERS: (
        "Worker_WID",
        "Worker_ID",
        "Worker_Type",
        "User_Name",
        "Work_Email",
        "Legal_First_Name",
        "Legal_Last_Name",
        "Preferred_Name",
        "Active",
        "Hire_Date",
        "Termination_Date",
        "On_Leave",
        "Position_ID",
        "Supervisory_Org_ID",
        "Manager_Worker_ID",
        "Company_ID",
        "Cost_Centre_ID",
        "Location_ID",
        "Future_Change_Date",
        "Last_Functionally_Updated",
    ),
    ORGANIZATIONS: (
        "Org_WID",
        "Org_ID",
        "Org_Type",
        "Org_Code",
        "Org_Name",
        "Inactive",
        "Inactive_Date",
        "Available_Date",
        "Superior_Org_ID",
        "Included_In_Org_IDs",
        "Manager_Worker_IDs",
        "Default_Company_ID",
        "Default_Cost_Centre_ID",
        "Last_Functionally_Updated",
    ),
    SCHEDULED: (
        "Event_WID",
        "Event_Type",
        "Subject_WID",
        "Subject_Kind",
        "Effective_Date",
        "Entry_Moment",
        "Status",
        "New_Supervisory_Org_ID",
        "New_Cost_Centre_ID",
        "New_Manager_Worker_ID",
    ),
}
REPEATING: Final = frozenset({"Included_In_Org_IDs", "Manager_Worker_IDs"})


def rows(
    report: str, view: View, *, since: datetime | None, with_inactive: bool, form: BooleanForm
) -> list[Row]:
    """Run a report: everything at once, an empty column missing, one value of a repeating column a bare text."""
    return [
        _trimmed(row)
        for wid, is_active, row in _MADE[report](view, form)
        if report == SCHEDULED or ((with_inactive or is_active) and _is_touched(view, wid, since))
    ]


def _is_touched(view: View, wid: str, since: datetime | None) -> bool:
    return since is None or view.world.updated_at(view.world.subjects[wid], view.known_at) >= since


def as_json(found: list[Row]) -> dict[str, Any]:
    return {"Report_Entry": found}


def as_csv(report: str, names: Mapping[str, str], found: list[Row]) -> str:
    """Write rows as text with a header; a repeating column joins its values."""
    columns = [names.get(one, one) for one in COLUMNS[report]]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in found:
        writer.writerow([_flat(row.get(one, "")) for one in columns])
    return out.getvalue()


def as_xml(report: str, found: list[Row]) -> str:
    """Write rows in the report's own namespace."""
    lines = [
        "<wd:Report_Entry>"
        + "".join(f"<wd:{name}>{escape(_flat(value))}</wd:{name}>" for name, value in row.items())
        + "</wd:Report_Entry>"
        for row in found
    ]
    namespace = quoteattr(f"urn:com.workday.report/{report}")
    return f"<wd:Report_Data xmlns:wd={namespace}>{''.join(lines)}</wd:Report_Data>"


def schema(report: str, names: Mapping[str, str]) -> str:
    """Describe a row: every column by the name it has now, whoever renamed it."""
    elements = "".join(
        f'<xsd:element name="{names.get(one, one)}" type="xsd:string" minOccurs="0"'
        f"{' maxOccurs=' + chr(34) + 'unbounded' + chr(34) if one in REPEATING else ''}/>"
        for one in COLUMNS[report]
    )
    return (
        f'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:com.workday.report/{report}">'
        f'<xsd:complexType name="Report_EntryType"><xsd:sequence>{elements}</xsd:sequence></xsd:complexType></xsd:schema>'
    )


def renamed(row: Row, names: Mapping[str, str]) -> Row:
    return {names.get(name, name): value for name, value in row.items()}


def _workers(view: View, form: BooleanForm) -> list[tuple[str, bool, Row]]:
    return [(one["wid"], one["is_active"], _worker(view, one, form)) for one in view.workers()]


def _worker(view: View, worker: Fields, form: BooleanForm) -> Row:
    manager = view.manager(worker)
    ended = worker.get("ended_on") or worker.get("announced_end")
    return {
        "Worker_WID": worker["wid"],
        "Worker_ID": worker["worker_id"],
        "Worker_Type": worker["worker_type"],
        "User_Name": worker.get("user_name"),
        "Work_Email": worker.get("email"),
        "Legal_First_Name": worker.get("first_name"),
        "Legal_Last_Name": worker.get("last_name"),
        "Preferred_Name": worker.get("preferred_name"),
        "Active": _boolean(worker["is_active"], form),
        "Hire_Date": _day(worker.get("starts_on")),
        "Termination_Date": _day(ended),
        "On_Leave": _boolean(bool(worker.get("is_on_leave")), form),
        "Position_ID": worker.get("position_id"),
        "Supervisory_Org_ID": _number(view, worker.get("organisation")),
        "Manager_Worker_ID": manager["worker_id"] if manager else None,
        "Company_ID": worker.get("company"),
        "Cost_Centre_ID": _number(view, worker.get("cost_centre")),
        "Location_ID": worker.get("location"),
        "Future_Change_Date": _day(worker.get("next_change")),
        "Last_Functionally_Updated": _moment(
            view.world, view.world.updated_at(view.world.subjects[worker["wid"]], view.known_at)
        ),
    }


def _organisations(view: View, form: BooleanForm) -> list[tuple[str, bool, Row]]:
    kinds = (SUPERVISORY, COST_CENTRE, HIERARCHY)
    return [
        (one["wid"], one["is_active"], _organisation(view, one, form)) for one in view.organisations(*kinds)
    ]


def _organisation(view: View, one: Fields, form: BooleanForm) -> Row:
    return {
        "Org_WID": one["wid"],
        "Org_ID": one["number"],
        "Org_Type": one["kind"],
        "Org_Code": one.get("code"),
        "Org_Name": one.get("name"),
        "Inactive": _boolean(not one["is_active"], form),
        "Inactive_Date": _day(one.get("ended_on")),
        "Available_Date": _day(one.get("starts_on")),
        "Superior_Org_ID": _number(view, one.get("superior")),
        "Included_In_Org_IDs": _repeated(_number(view, wid) for wid in one.get("included_in", ())),
        "Manager_Worker_IDs": _repeated(manager["worker_id"] for manager in view.managers(one)),
        "Default_Company_ID": one.get("default_company"),
        "Default_Cost_Centre_ID": _number(view, one.get("default_cost_centre")),
        "Last_Functionally_Updated": _moment(
            view.world, view.world.updated_at(view.world.subjects[one["wid"]], view.known_at)
        ),
    }


def _scheduled(view: View, form: BooleanForm) -> list[tuple[str, bool, Row]]:
    """One row an event with an effective day after today, whatever became of it."""
    found = []
    shown = {
        one["wid"] for one in [*view.workers(), *view.organisations(SUPERVISORY, COST_CENTRE, HIERARCHY)]
    }
    for wid in sorted(shown):
        subject = view.world.subjects[wid]
        known = [one for one in subject.events if one.entry <= view.known_at]
        became = {one.rescinds: "RESCINDED" for one in known if one.rescinds}
        became |= {one.corrects: "CORRECTED" for one in known if one.corrects}
        for event in known:
            if event.rescinds is None and event.effective > view.valid_on:
                status = became.get(event.wid, "SUCCESSFULLY_COMPLETED")
                found.append((wid, True, _change(view, subject, event, status)))
    return found


def _change(view: View, subject: Subject, event: Event, status: str) -> Row:
    organisation = (
        event.payload.get("organisation") if subject.kind == WORKER else event.payload.get("superior")
    )
    managers = [view.state(wid) for wid in event.payload.get("managers", ())]
    return {
        "Event_WID": event.wid,
        "Event_Type": event.kind,
        "Subject_WID": subject.wid,
        "Subject_Kind": subject.kind,
        "Effective_Date": _day(event.effective),
        "Entry_Moment": _moment(view.world, event.entry),
        "Status": status,
        "New_Supervisory_Org_ID": _number(view, organisation),
        "New_Cost_Centre_ID": _number(view, event.payload.get("cost_centre")),
        "New_Manager_Worker_ID": next((one["worker_id"] for one in managers if one), None),
    }


_MADE: Final[Mapping[str, Callable[[View, BooleanForm], list[tuple[str, bool, Row]]]]] = {
    WORKERS: _workers,
    ORGANIZATIONS: _organisations,
    SCHEDULED: _scheduled,
}


def _number(view: View, wid: str | None) -> str | None:
    state = view.state(wid) if wid is not None else None
    return str(state["number"]) if state is not None else None


def _repeated(values: Any) -> Any:
    found = [one for one in values if one is not None]
    return found[0] if len(found) == 1 else [{"ID": one} for one in found]


def _boolean(value: bool, form: BooleanForm) -> str:
    return str(int(value)) if form == "0/1" else str(value).lower()


def _day(value: date | None) -> str | None:
    return value.isoformat() if value is not None else None


def _moment(world: World, at: datetime) -> str:
    return at.astimezone(world.zone).isoformat(timespec="milliseconds")


def _trimmed(row: Row) -> Row:
    return {name: value for name, value in row.items() if value not in (None, "", [])}


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(str(one["ID"]) for one in value)
    return str(value)
