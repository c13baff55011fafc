"""Which class of failure a refusal of Workday's is: HTTP statuses of reports and tokens, and faults of web services.

Workday sends no Retry-After and no limits; its web services show throttling as a 500 as well. So a fault that says nothing of
the caller is one that passes.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.answer import Answer
from adapters.errors import (
    AdapterError,
    CredentialsError,
    Refusal,
    RejectedError,
    TransientError,
)
from adapters.workday.safe_xml import Node, UnsafeXmlError, parse

WORDS_MAX: Final = 300
WORKERS: Final = "Worker Data: Public Worker Reports"
ORGANISATIONS: Final = "Reports: Organization"
_NOT_ALLOWED: Final = re.compile(r"permission|not (?:allowed|authori[sz]ed)|access", re.IGNORECASE)


def classify(answer: Answer, _text: str) -> AdapterError | None:
    """Read a 4xx that is Workday's own; None leaves it to the common reading."""
    if answer.status == 403:
        return not_allowed(answer.system, answer.path, 403)
    if answer.status == 404:
        return RejectedError(
            answer.system,
            Refusal(
                "CONFIGURATION",
                f"there is nothing at {answer.path}, or its user may not see it. Check tenant, owner and report in the "
                "options, and that the report is enabled as a web service and shared with the integration user",
                status=404,
            ),
        )
    return None


def not_allowed(system: str, what: str, status: int) -> RejectedError:
    """Return the error of a read that the user's security group does not cover; it names the domain."""
    domain = ORGANISATIONS if "rganization" in what else WORKERS
    return RejectedError(
        system,
        Refusal(
            "CONFIGURATION",
            f"{what}: the integration user may not read this. Give its security group view access to the domain "
            f'"{domain}", then activate the pending security policy changes',
            status=status,
        ),
    )


def of_fault(answer: Answer, operation: str) -> AdapterError:
    """Return what a 500 of the web services means."""
    system = answer.system
    away = TransientError(system, f"{operation}: the web services failed (500)", status=500)
    try:
        root = parse(answer.content)
    except UnsafeXmlError:
        return away
    fault = root.find("Body/Fault")
    if fault is None:
        return away
    code, said = fault.value("faultcode") or "", _words(answer, fault)
    if code.endswith(".authenticationError"):
        return CredentialsError(
            system,
            f"{operation}: {said or 'the credentials were refused'}. Set them again with `finsync secrets set {system} "
            "NAME`; they are not tried again before, an integration user may be locked by it",
            status=500,
        )
    names = {one.tag for one in fault.walk()}
    if "Validation_Fault" in names or "Invalid_Reference_ID_Response" in names:
        return RejectedError(system, Refusal("CONFIGURATION", f"{operation} was refused: {said}", status=500))
    if "Processing_Fault" in names and _NOT_ALLOWED.search(said):
        return not_allowed(system, operation, 500)
    return TransientError(system, f"{operation}: {said or 'the web services failed'} (500)", status=500)


def _words(answer: Answer, fault: Node) -> str:
    """Return what a fault says, without credentials; a fault's text repeats what was sent, at most."""
    found = [one.text for one in fault.walk() if one.tag in ("faultstring", "Detail_Message") and one.text]
    return answer.clean("; ".join(dict.fromkeys(found)))[:WORDS_MAX]
