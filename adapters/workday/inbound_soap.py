"""What Get_Workers and Get_Organizations say, as rows of the reports. Pure.

Only what is named here leaves an answer: birth date, gender, addresses, pay and identifiers of states are in it and are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from adapters.workday.safe_xml import Node

Row = dict[str, Any]
_WORKER_IDS: Final = ("Employee_ID", "Contingent_Worker_ID")
_DAY_LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a worker's transaction log."""

    wid: str
    kind: str
    effective_on: str
    entered_at: str | None
    status: str

    def is_ahead_of(self, day: date) -> bool:
        return self.effective_on > day.isoformat()


def worker(node: Node) -> Row:
    """Return the row of one `Worker`."""
    data = node.find("Worker_Data") or Node("Worker_Data", {})
    reference = node.find("Worker_Reference")
    status = data.find("Employment_Data/Worker_Status_Data") or Node("Worker_Status_Data", {})
    job, others = _jobs(data)
    placed = _placed(data)
    name = data.find("Personal_Data/Name_Data") or Node("Name_Data", {})
    legal = name.find("Legal_Name_Data/Name_Detail_Data") or Node("Name_Detail_Data", {})
    return _trimmed(
        {
            "Worker_WID": _id(reference, "WID"),
            "Worker_ID": data.value("Worker_ID") or _id(reference, *_WORKER_IDS),
            "Worker_Type": "CONTINGENT" if _id(reference, "Contingent_Worker_ID") else "EMPLOYEE",
            "User_Name": data.value("User_ID"),
            "Work_Email": data.value("Personal_Data/Contact_Data/Email_Address_Data/Email_Address"),
            "Legal_First_Name": legal.value("First_Name"),
            "Legal_Last_Name": legal.value("Last_Name"),
            "Preferred_Name": name.value("Preferred_Name_Data/Name_Detail_Data/Formatted_Name"),
            "Active": status.value("Active"),
            "Hire_Date": status.value("Hire_Date"),
            "Termination_Date": status.value("Termination_Status_Data/Termination_Date")
            or status.value("End_Employment_Date"),
            "On_Leave": status.value("Leave_Status_Data/On_Leave"),
            "Position_ID": job.value("Position_Data/Position_ID") if job is not None else None,
            "Supervisory_Org_ID": placed.get("SUPERVISORY", (None, None))[0],
            "Manager_Worker_ID": _manager(data),
            "Company_ID": placed.get("COMPANY", (None, None))[0],
            "Cost_Centre_ID": placed.get("COST_CENTER", (None, None))[0],
            "Further_Cost_Centre_IDs": [
                found[0] for one in others if (found := _placed_in_job(one).get("COST_CENTER"))
            ],
        }
    )


def cost_centre_code(node: Node) -> str | None:
    """Return the code of the cost centre that a `Worker` is in."""
    data = node.find("Worker_Data")
    return _placed(data).get("COST_CENTER", (None, None))[1] if data is not None else None


def organisation(node: Node) -> Row:
    """Return the row of one `Organization`."""
    data = node.find("Organization_Data") or Node("Organization_Data", {})
    hierarchy = data.find("Hierarchy_Data") or Node("Hierarchy_Data", {})
    defaults = data.find("Supervisory_Data/Organization_Assignments_Data") or Node("none", {})
    leaders = [found for one in data.all("Leadership_Reference") if (found := _id(one, *_WORKER_IDS))]
    first = _id(data.find("Manager_Reference"), *_WORKER_IDS)
    return _trimmed(
        {
            "Org_WID": _id(node.find("Organization_Reference"), "WID"),
            "Org_ID": data.value("Reference_ID"),
            "Org_Type": _type(data),
            "Org_Code": data.value("Organization_Code"),
            "Org_Name": data.value("Name"),
            "Inactive": data.value("Inactive"),
            "Inactive_Date": data.value("Inactive_Date"),
            "Available_Date": data.value("Availibility_Date"),  # spelled so
            "Superior_Org_ID": _number(hierarchy.find("Superior_Organization_Reference")),
            "Included_In_Org_IDs": [
                found
                for one in hierarchy.all("Included_In_Organization_Reference")
                if (found := _number(one))
            ],
            "Manager_Worker_IDs": leaders or ([first] if first else []),
            "Default_Company_ID": _number(defaults.find("Company_Assignments_Data/Default_Reference")),
            "Default_Cost_Centre_ID": _number(
                defaults.find("Cost_Center_Assignments_Data/Default_Reference")
            ),
        }
    )


def log(node: Node) -> Iterator[Entry]:
    """Yield the transaction log of one `Worker`; what was taken back or replaced says so."""
    for one in node.all("Worker_Data/Transaction_Log_Entry_Data/Transaction_Log_Entry"):
        data = one.find("Transaction_Log_Data")
        wid = _id(one.find("Transaction_Log_Reference"), "WID")
        effective = data.value("Transaction_Effective_Moment") if data is not None else None
        if data is None or wid is None or effective is None:
            continue
        undone = one.find("Transaction_Log_Corrected_And_Rescinded_Data")
        status = "SUCCESSFULLY_COMPLETED"
        if undone is not None:
            status = "RESCINDED" if undone.value("Is_Rescind") in ("1", "true") else "CORRECTED"
        yield Entry(
            wid,
            _id(data.find("Transaction_Log_Type_Reference"), "Business_Process_Type")
            or data.value("Transaction_Log_Description")
            or "",
            effective[:_DAY_LENGTH],
            data.value("Transaction_Entry_Moment"),
            status,
        )


def change(entry: Entry, before: Row, then: Row | None) -> Row:
    """Return the row of an event that waits for its day: what will be, as far as that differs from what is."""
    row: Row = {
        "Event_WID": entry.wid,
        "Event_Type": entry.kind,
        "Subject_WID": before.get("Worker_WID"),
        "Subject_ID": before.get("Worker_ID"),
        "Subject_Kind": "WORKER",
        "Effective_Date": entry.effective_on,
        "Entry_Moment": entry.entered_at,
        "Status": entry.status,
    }
    for new, name in (
        ("New_Supervisory_Org_ID", "Supervisory_Org_ID"),
        ("New_Cost_Centre_ID", "Cost_Centre_ID"),
        ("New_Manager_Worker_ID", "Manager_Worker_ID"),
    ):
        if then is not None and then.get(name) != before.get(name):
            row[new] = then.get(name)
    return _trimmed(row)


def _jobs(data: Node) -> tuple[Node | None, list[Node]]:
    """Return the primary job and the others: from v30 on each job is an element of its own."""
    jobs = list(data.all("Employment_Data/Worker_Job_Data"))
    primary = next((one for one in jobs if one.attributes.get("Primary_Job") in ("1", "true")), None)
    return primary, [one for one in jobs if one is not primary]


def _placed(data: Node) -> dict[str, tuple[str | None, str | None]]:
    return _of_types(data.all("Organization_Data/Worker_Organization_Data/Organization_Data"))


def _placed_in_job(job: Node) -> dict[str, tuple[str | None, str | None]]:
    path = "Position_Organizations_Data/Position_Organization_Data/Organization_Data"
    return _of_types(job.all(path))


def _of_types(found: Iterator[Node]) -> dict[str, tuple[str | None, str | None]]:
    """Return reference id and code by type; types are matched by their ids, descriptors are translated."""
    by_type: dict[str, tuple[str | None, str | None]] = {}
    for one in found:
        kind = _type(one)
        if kind is not None:
            by_type.setdefault(kind, (one.value("Organization_Reference_ID"), one.value("Organization_Code")))
    return by_type


def _type(node: Node) -> str | None:
    found = _id(node.find("Organization_Type_Reference"), "Organization_Type_ID")
    return found.upper() if found else None


def _manager(data: Node) -> str | None:
    """Return who manages directly: of the chain from the top down, the last organisation that has a manager."""
    own = {data.value("Worker_ID")}
    path = "Management_Chain_Data/Worker_Supervisory_Management_Chain_Data/Management_Chain_Data"
    for link in reversed(list(data.all(path))):
        managers = [_id(one, *_WORKER_IDS) for one in link.all("Manager_Reference")]
        others = [one for one in managers if one is not None and one not in own]
        if others:
            return others[0]
    return None


def _number(reference: Node | None) -> str | None:
    """Return the id by which people know what is referred to: anything but the WID."""
    if reference is None:
        return None
    found = [one for one in reference.all("ID") if one.attributes.get("type") != "WID"]
    return (found[0].text or None) if found else None


def _id(reference: Node | None, *types: str) -> str | None:
    if reference is None:
        return None
    for one in reference.all("ID"):
        if one.attributes.get("type") in types:
            return one.text or None
    return None


def _trimmed(row: Row) -> Row:
    return {name: value for name, value in row.items() if value not in (None, "", [])}
