"""Workday Web Services: Get_Workers, Get_Organizations and Server_Timestamp_Get, with the faults they have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from adapters.workday.simulator_settings import Settings
from adapters.workday.simulator_view import ORGANISATION_DOMAIN, WORKER_DOMAIN, Reader, View
from adapters.workday.simulator_world import (
    COST_CENTRE,
    HIERARCHY,
    SUPERVISORY,
    Event,
    Fields,
    World,
    standing,
)

WD: Final = "{urn:com.workday/bsvc}"
SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
WSSE: Final = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
COUNT_DEFAULT: Final = 100
COUNT_MAX: Final = 999
_TYPES: Final = (SUPERVISORY, COST_CENTRE, HIERARCHY)


class FaultError(Exception):
    """A SOAP fault: HTTP 500."""

    def __init__(self, code: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Window:
    """What a transaction log is searched by: entries, or days they take effect on."""

    is_entry: bool
    first: Any
    last: Any

    def holds(self, event: Event) -> bool:
        return bool(self.first <= (event.entry if self.is_entry else event.effective) <= self.last)


def user_of(body: bytes) -> tuple[str, str] | None:
    """Return user name and password of a WS-Security header; None: there is none."""
    token = _parsed(body).find(f"{SOAP}Header/{WSSE}Security/{WSSE}UsernameToken")
    if token is None:
        return None
    return token.findtext(f"{WSSE}Username", ""), token.findtext(f"{WSSE}Password", "")


def answer(body: bytes, version: str, world: World, reader: Reader, settings: Settings) -> str:
    """Answer one call whose caller was let in."""
    request = _parsed(body).find(f"{SOAP}Body/*")
    if request is None:
        raise FaultError(settings.validation_code, "the body is empty")
    desk = _Desk(request, version, world, reader, settings)
    operation = request.tag.removeprefix(WD)
    if operation == "Server_Timestamp_Get":
        return desk.timestamp()
    if operation == "Get_Workers_Request":
        return desk.workers()
    if operation == "Get_Organizations_Request":
        return desk.organisations()
    raise FaultError(settings.validation_code, f"{operation} is no operation of this service")


def envelope(body: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<env:Body>{body}</env:Body></env:Envelope>"
    )


def fault(error: FaultError) -> str:
    detail = f"<detail>{error.detail}</detail>" if error.detail else ""
    return envelope(
        '<env:Fault xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wd="urn:com.workday/bsvc">'
        f"<faultcode>{escape(error.code)}</faultcode><faultstring>{escape(error.message)}</faultstring>{detail}</env:Fault>"
    )


def _parsed(body: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - see above
    except ElementTree.ParseError:
        raise FaultError("SOAP-ENV:Client", "the request is not XML") from None


class _Desk:
    """One request at work."""

    def __init__(
        self,
        request: ElementTree.Element,
        version: str,
        world: World,
        reader: Reader,
        settings: Settings,
    ) -> None:
        self._request = request
        self._version = version
        self._world = world
        self._reader = reader
        self._settings = settings
        self._group = {
            one.tag.removeprefix(WD)
            for one in request.findall(f"{WD}Response_Group/*")
            if (one.text or "").strip() in ("true", "1")
        }

    def timestamp(self) -> str:
        now = self._world.clock.now().astimezone(self._world.zone).isoformat(timespec="milliseconds")
        return (
            f'<wd:Server_Timestamp xmlns:wd="urn:com.workday/bsvc" wd:version="{escape(self._version)}">'
            f"<wd:Server_Timestamp_Data>{now}</wd:Server_Timestamp_Data></wd:Server_Timestamp>"
        )

    def workers(self) -> str:
        self._need(WORKER_DOMAIN)
        excluded = [name for name in self._group if name.startswith("Exclude_")]
        if excluded and "Include_Organizations" not in self._group:
            raise self._invalid(f"{excluded[0]} may only be set together with Include_Organizations")
        view, window = self._view(), self._window("Transaction_Log_Criteria_Data")
        found = view.workers()
        wanted = self._wanted("Worker_Reference", found, "worker_id")
        if wanted is not None:
            found = [one for one in found if one["wid"] in wanted]
        if self._flag("Exclude_Inactive_Workers"):
            found = [one for one in found if one["is_active"]]
        if self._flag("Exclude_Contingent_Workers"):
            found = [one for one in found if one["worker_type"] == "EMPLOYEE"]
        if self._flag("Exclude_Employees"):
            found = [one for one in found if one["worker_type"] != "EMPLOYEE"]
        found = [one for one in found if window is None or self._entries(one["wid"], view, window)]
        some, results = self._page(found)
        rows = "".join(self._worker(view, one, window) for one in some)
        return self._response("Get_Workers_Response", results, rows)

    def organisations(self) -> str:
        self._need(ORGANISATION_DOMAIN)
        view, window = self._view(), self._window("Transaction_Log_Criteria")
        kinds = [
            (one.text or "").strip().upper()
            for one in self._request.findall(f"{WD}Request_Criteria/{WD}Organization_Type_Reference/{WD}ID")
        ]
        found = view.organisations(*(kinds or _TYPES))
        wanted = self._wanted("Organization_Reference", found, "number")
        if wanted is not None:
            found = [one for one in found if one["wid"] in wanted]
        if not self._flag("Include_Inactive"):
            found = [one for one in found if one["is_active"]]
        found = [one for one in found if window is None or self._entries(one["wid"], view, window)]
        some, results = self._page(found)
        rows = "".join(self._organisation(view, one) for one in some)
        return self._response("Get_Organizations_Response", results, rows)

    def _need(self, domain: str) -> None:
        if domain not in self._reader.domains:
            message = "The task submitted is not authorized."
            detail = (
                f"<wd:Processing_Fault><wd:Detail_Message>{message}</wd:Detail_Message></wd:Processing_Fault>"
            )
            raise FaultError(self._settings.processing_code, message, detail)

    def _invalid(self, message: str, xpath: str = "") -> FaultError:
        detail = (
            f"<wd:Validation_Fault><wd:Validation_Error><wd:Message>{escape(message)}</wd:Message>"
            f"<wd:Detail_Message>{escape(message)}</wd:Detail_Message><wd:Xpath>{escape(xpath)}</wd:Xpath>"
            "</wd:Validation_Error></wd:Validation_Fault>"
        )
        return FaultError(self._settings.validation_code, f"Validation error occurred. {message}", detail)

    def _view(self) -> View:
        now = self._world.clock.now()
        entry = self._text("Response_Filter", "As_Of_Entry_DateTime")
        effective = self._text("Response_Filter", "As_Of_Effective_Date")
        return View(
            self._world,
            date.fromisoformat(effective) if effective else self._world.today(),
            datetime.fromisoformat(entry) if entry else now,
            self._reader,
        )

    def _window(self, criteria: str) -> Window | None:
        data = self._request.find(f"{WD}Request_Criteria/{WD}{criteria}/{WD}Transaction_Date_Range_Data")
        if data is None:
            return None
        given = {one.tag.removeprefix(WD): (one.text or "").strip() for one in data}
        found = []
        for first, last in (("Updated_From", "Updated_Through"), ("Effective_From", "Effective_Through")):
            if (first in given) != (last in given):
                raise self._invalid(f"{first} and {last} must be given together", f"/{criteria}")
            if first not in given:
                continue
            is_entry = first.startswith("Updated")
            read: Any = datetime.fromisoformat if is_entry else date.fromisoformat
            window = Window(is_entry, read(given[first]), read(given[last]))
            if window.first > window.last:
                raise self._invalid(f"{first} must not be after {last}")
            if is_entry and window.last > self._world.clock.now():
                raise self._invalid("Updated_Through must not be in the future")
            found.append(window)
        return found[0] if found else None

    def _wanted(self, name: str, found: Iterable[Fields], number: str) -> set[str] | None:
        references = self._request.find(f"{WD}Request_References")
        if references is None:
            return None
        skips = references.get(f"{WD}Skip_Non_Existing_Instances") in ("true", "1")
        known: dict[str, str] = {}
        for one in found:
            known[one["wid"]] = one["wid"]
            known[str(one[number])] = one["wid"]
        wanted = set()
        for reference in references.findall(f"{WD}{name}/{WD}ID"):
            wid = known.get((reference.text or "").strip())
            if wid is not None:
                wanted.add(wid)
            elif not skips:
                raise self._invalid(f"Invalid ID value. '{reference.text}' is not a valid ID value")
        return wanted

    def _page(self, found: list[Fields]) -> tuple[list[Fields], str]:
        number = int(self._text("Response_Filter", "Page") or 1)
        count = int(self._text("Response_Filter", "Count") or COUNT_DEFAULT)
        if number < 1:
            raise self._invalid("Page must be 1 or more", "/Response_Filter/Page")
        if not 1 <= count <= COUNT_MAX:
            raise self._invalid(f"Count must be between 1 and {COUNT_MAX}", "/Response_Filter/Count")
        start = (number - 1) * count
        some = found[start : start + count]
        if self._settings.repeats_last_row and start and some:
            some = [found[start - 1], *some]
        results = (
            f"<wd:Response_Results><wd:Total_Results>{len(found)}</wd:Total_Results>"
            f"<wd:Total_Pages>{-(-len(found) // count)}</wd:Total_Pages>"
            f"<wd:Page_Results>{len(some)}</wd:Page_Results><wd:Page>{number}</wd:Page></wd:Response_Results>"
        )
        return some, results

    def _response(self, name: str, results: str, rows: str) -> str:
        return (
            f'<wd:{name} xmlns:wd="urn:com.workday/bsvc" wd:version="{escape(self._version)}">{results}'
            f"<wd:Response_Data>{rows}</wd:Response_Data></wd:{name}>"
        )

    def _worker(self, view: View, worker: Fields, window: Window | None) -> str:
        employment = ""
        if "Include_Employment_Information" in self._group:
            employment = self._employment(worker)
        organisations = self._placed(view, worker) if "Include_Organizations" in self._group else ""
        chain = self._chain(view, worker) if "Include_Management_Chain_Data" in self._group else ""
        log = ""
        if window is not None and "Include_Transaction_Log_Data" in self._group:
            entries = self._entries(worker["wid"], view, window)
            log = f"<wd:Transaction_Log_Entry_Data>{''.join(entries)}</wd:Transaction_Log_Entry_Data>"
        return (
            f"<wd:Worker>{_worker_reference('Worker_Reference', worker)}<wd:Worker_Data>"
            f"{_text('Worker_ID', worker['worker_id'])}{_text('User_ID', worker.get('user_name'))}"
            f"{self._personal(worker)}{employment}{chain}{organisations}{log}</wd:Worker_Data></wd:Worker>"
        )

    def _personal(self, worker: Fields) -> str:
        if "Include_Personal_Information" not in self._group:
            return ""
        legal = (
            "<wd:Legal_Name_Data><wd:Name_Detail_Data>"
            f"{_text('First_Name', worker.get('first_name'))}{_text('Last_Name', worker.get('last_name'))}"
            "</wd:Name_Detail_Data></wd:Legal_Name_Data>"
        )
        preferred = _text("Formatted_Name", worker.get("preferred_name"))
        if preferred:
            preferred = f"<wd:Preferred_Name_Data><wd:Name_Detail_Data>{preferred}</wd:Name_Detail_Data></wd:Preferred_Name_Data>"
        email = _text("Email_Address", worker.get("email"))
        return (
            f"<wd:Personal_Data><wd:Name_Data>{legal}{preferred}</wd:Name_Data>"
            f"{_text('Birth_Date', worker.get('birth_date'))}{_text('Gender', worker.get('gender'))}"
            f"<wd:Contact_Data><wd:Email_Address_Data>{email}</wd:Email_Address_Data></wd:Contact_Data></wd:Personal_Data>"
        )

    def _employment(self, worker: Fields) -> str:
        ended = worker.get("ended_on") or worker.get("announced_end")
        is_over = worker.get("ended_on") is not None and not worker["is_active"]
        terminated = (
            f"<wd:Termination_Status_Data><wd:Terminated>1</wd:Terminated>{_text('Termination_Date', worker['ended_on'])}"
            "</wd:Termination_Status_Data>"
            if is_over
            else ""
        )
        leave = (
            "<wd:Leave_Status_Data><wd:On_Leave>1</wd:On_Leave></wd:Leave_Status_Data>"
            if worker.get("is_on_leave")
            else ""
        )
        position = worker.get("position_id")
        job = ""
        if position:
            job = (
                '<wd:Worker_Job_Data wd:Primary_Job="1"><wd:Position_Data>'
                f"{_text('Position_ID', position)}{_text('Business_Title', worker.get('title'))}"
                f"{_text('Start_Date', worker.get('starts_on'))}</wd:Position_Data></wd:Worker_Job_Data>"
            )
        return (
            "<wd:Employment_Data><wd:Worker_Status_Data>"
            f"<wd:Active>{int(worker['is_active'])}</wd:Active>{_text('Hire_Date', worker.get('starts_on'))}"
            f"{_text('End_Employment_Date', ended)}{terminated}{leave}</wd:Worker_Status_Data>{job}{self._other_jobs(worker)}"
            "</wd:Employment_Data>"
        )

    def _other_jobs(self, worker: Fields) -> str:
        if "Include_Additional_Jobs" not in self._group:
            return ""
        found = []
        for wid in worker.get("further_cost_centres", ()):
            placed = _organisation_data(self._world, wid, self._world.today(), self._world.clock.now())
            found.append(
                '<wd:Worker_Job_Data wd:Primary_Job="0"><wd:Position_Organizations_Data>'
                f"<wd:Position_Organization_Data>{placed}</wd:Position_Organization_Data>"
                "</wd:Position_Organizations_Data></wd:Worker_Job_Data>"
            )
        return "".join(found)

    def _placed(self, view: View, worker: Fields) -> str:
        found = []
        for name, flag in (
            ("organisation", "Exclude_Supervisory_Organizations"),
            ("cost_centre", "Exclude_Cost_Centers"),
        ):
            wid = worker.get(name)
            if wid is not None and flag not in self._group:
                data = _organisation_data(view.world, wid, view.valid_on, view.known_at)
                found.append(f"<wd:Worker_Organization_Data>{data}</wd:Worker_Organization_Data>")
        company = worker.get("company")
        if company and "Exclude_Companies" not in self._group:
            data = (
                f"<wd:Organization_Data>{_text('Organization_Reference_ID', company)}{_text('Organization_Name', company)}"
                f"{_type_reference('COMPANY')}</wd:Organization_Data>"
            )
            found.append(f"<wd:Worker_Organization_Data>{data}</wd:Worker_Organization_Data>")
        return f"<wd:Organization_Data>{''.join(found)}</wd:Organization_Data>"

    def _chain(self, view: View, worker: Fields) -> str:
        found = []
        for organisation in view.chain(worker):
            managers = [one for one in view.managers(organisation) if one["wid"] != worker["wid"]]
            found.append(
                f"<wd:Management_Chain_Data>{_reference('Organization_Reference', organisation['wid'], organisation['number'], 'Organization_Reference_ID', organisation.get('name', ''))}"
                + "".join(_worker_reference("Manager_Reference", one) for one in managers)
                + "</wd:Management_Chain_Data>"
            )
        return (
            "<wd:Management_Chain_Data><wd:Worker_Supervisory_Management_Chain_Data>"
            f"{''.join(found)}</wd:Worker_Supervisory_Management_Chain_Data></wd:Management_Chain_Data>"
        )

    def _entries(self, wid: str, view: View, window: Window) -> list[str]:
        """Return what the transaction log holds of a subject within a window, as known then."""
        known = [one for one in self._world.subjects[wid].events if one.entry <= view.known_at]
        if not window.is_entry:
            valid = list(standing(known, view.known_at))
            return [_entry(one) for one in valid if window.holds(one)]
        found = []
        for event in known:
            if not window.holds(event):
                continue
            undone = next((one for one in known if one.wid in (event.rescinds, event.corrects)), None)
            if undone is not None and (event.rescinds or event.corrects):
                found.append(_entry(undone, by=event))
            if event.rescinds is None and not any(event.wid in (o.rescinds, o.corrects) for o in known):
                found.append(_entry(event))
        return found

    def _organisation(self, view: View, one: Fields) -> str:
        managers = view.managers(one)
        hierarchy = ""
        if "Include_Hierarchy_Data" in self._group:
            hierarchy = self._hierarchy(view, one)
        supervisory = ""
        if "Include_Supervisory_Data" in self._group and one["kind"] == SUPERVISORY:
            supervisory = self._defaults(view, one)
        leaders = "".join(_worker_reference("Leadership_Reference", manager) for manager in managers)
        first = _worker_reference("Manager_Reference", managers[0]) if managers else ""
        return (
            f"<wd:Organization>{_reference('Organization_Reference', one['wid'], one['number'], 'Organization_Reference_ID', one.get('name', ''))}"
            f"<wd:Organization_Data>{_text('Reference_ID', one['number'])}{_text('Name', one.get('name'))}"
            f"{_text('Organization_Code', one.get('code'))}{_type_reference(one['kind'])}"
            f"{_text('Availibility_Date', one.get('starts_on'))}<wd:Inactive>{int(not one['is_active'])}</wd:Inactive>"
            f"{_text('Inactive_Date', one.get('ended_on'))}{first}{leaders}{hierarchy}{supervisory}"
            "</wd:Organization_Data></wd:Organization>"
        )

    def _hierarchy(self, view: View, one: Fields) -> str:
        def reference(name: str, wid: str | None) -> str:
            state = view.state(wid) if wid is not None else None
            if state is None:
                return ""
            return _reference(
                name, state["wid"], state["number"], "Organization_Reference_ID", state.get("name", "")
            )

        return (
            f"<wd:Hierarchy_Data>{reference('Superior_Organization_Reference', one.get('superior'))}"
            + "".join(
                reference("Included_In_Organization_Reference", wid) for wid in one.get("included_in", ())
            )
            + "</wd:Hierarchy_Data>"
        )

    def _defaults(self, view: View, one: Fields) -> str:
        cost_centre = view.state(one["default_cost_centre"]) if one.get("default_cost_centre") else None
        found = ""
        if cost_centre is not None:
            found += (
                "<wd:Cost_Center_Assignments_Data>"
                + _reference(
                    "Default_Reference",
                    cost_centre["wid"],
                    cost_centre["number"],
                    "Cost_Center_Reference_ID",
                    cost_centre.get("name", ""),
                )
                + "</wd:Cost_Center_Assignments_Data>"
            )
        if one.get("default_company"):
            company = one["default_company"]
            found += (
                "<wd:Company_Assignments_Data>"
                + _reference("Default_Reference", company, company, "Company_Reference_ID", company)
                + "</wd:Company_Assignments_Data>"
            )
        return (
            f"<wd:Supervisory_Data><wd:Organization_Assignments_Data>{found}"
            "</wd:Organization_Assignments_Data></wd:Supervisory_Data>"
        )

    def _flag(self, name: str) -> bool:
        return self._text("Request_Criteria", name) in ("true", "1")

    def _text(self, part: str, name: str) -> str:
        return (self._request.findtext(f"{WD}{part}/{WD}{name}") or "").strip()


def _entry(event: Event, by: Event | None = None) -> str:
    """Write one entry of the log: of a change, or of one that another took back or replaced."""
    undone = ""
    if by is not None:
        is_rescind = by.rescinds is not None
        undone = (
            "<wd:Transaction_Log_Corrected_And_Rescinded_Data>"
            f"<wd:Is_Correction>{int(not is_rescind)}</wd:Is_Correction><wd:Is_Rescind>{int(is_rescind)}</wd:Is_Rescind>"
            f"{_text('Prior_Effective_Moment', _midnight(event.effective))}{_text('Transaction_Entry_Moment', by.entry.isoformat())}"
            "</wd:Transaction_Log_Corrected_And_Rescinded_Data>"
        )
    kind = escape(event.kind)
    return (
        f"<wd:Transaction_Log_Entry>{_reference('Transaction_Log_Reference', event.wid)}<wd:Transaction_Log_Data>"
        f"<wd:Transaction_Log_Description>{kind}</wd:Transaction_Log_Description>"
        f"{_text('Transaction_Effective_Moment', _midnight(event.effective))}"
        f"{_text('Transaction_Entry_Moment', event.entry.isoformat())}"
        f'<wd:Transaction_Log_Type_Reference><wd:ID wd:type="Business_Process_Type">{kind}</wd:ID></wd:Transaction_Log_Type_Reference>'
        f"<wd:Is_Rescind_Or_Rescinded>{int(by is not None and by.rescinds is not None)}</wd:Is_Rescind_Or_Rescinded>"
        f"<wd:Is_Correction_Or_Corrected>{int(event.corrects is not None or (by is not None and by.corrects is not None))}</wd:Is_Correction_Or_Corrected>"
        f"</wd:Transaction_Log_Data>{undone}</wd:Transaction_Log_Entry>"
    )


def _midnight(day: date) -> str:
    return datetime.combine(day, time()).isoformat()


def _organisation_data(world: World, wid: str, valid_on: date, known_at: datetime) -> str:
    state = world.state(wid, valid_on, known_at) or world.state(
        wid, valid_on + timedelta(days=3650), known_at
    )
    if state is None:
        return ""
    return (
        f"<wd:Organization_Data>{_text('Organization_Reference_ID', state['number'])}"
        f"{_text('Organization_Code', state.get('code'))}{_text('Organization_Name', state.get('name'))}"
        f"{_type_reference(state['kind'])}</wd:Organization_Data>"
    )


def _type_reference(kind: str) -> str:
    return f'<wd:Organization_Type_Reference><wd:ID wd:type="Organization_Type_ID">{kind}</wd:ID></wd:Organization_Type_Reference>'


def _worker_reference(name: str, worker: Fields) -> str:
    kind = "Employee_ID" if worker["worker_type"] == "EMPLOYEE" else "Contingent_Worker_ID"
    descriptor = f"{worker.get('first_name', '')} {worker.get('last_name', '')}".strip()
    return _reference(name, worker["wid"], worker["worker_id"], kind, descriptor)


def _reference(name: str, wid: str, number: str = "", number_type: str = "", descriptor: str = "") -> str:
    second = f'<wd:ID wd:type="{number_type}">{escape(number)}</wd:ID>' if number else ""
    return f'<wd:{name} wd:Descriptor={quoteattr(descriptor)}><wd:ID wd:type="WID">{escape(wid)}</wd:ID>{second}</wd:{name}>'


def _text(name: str, value: object) -> str:
    if value in (None, ""):
        return ""
    return f"<wd:{name}>{escape(value.isoformat() if isinstance(value, date) else str(value))}</wd:{name}>"


__all__ = ["FaultError", "answer", "envelope", "fault", "user_of"]
