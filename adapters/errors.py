"""What can go wrong at a system, named by what to do about it.

| error | delivery does |
| --- | --- |
| TransientError | tries again later, with backoff, at the time the system asked for; a run of them parks its queue |
| MaintenanceError | parks the system's queue and resumes by itself; spends no attempt |
| DuplicateError, VersionConflictError | looks the document up, links it or plans again |
| RejectedError | opens an exception at once |
| OutcomeUnknownError | looks up by natural key first, never sends blindly again |
| CredentialsError | holds the system |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import ValidationError

from store.errors import FinsyncError
from store.wording import plain


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a system said no with. `case_class` is the exception class of docs/errors.md that it means."""

    case_class: str
    message: str
    codes: tuple[str, ...] = ()
    status: int | None = None
    details: dict[str, Any] = field(default_factory=dict)


class AdapterError(FinsyncError):
    """A system could not be used."""

    code = "ADAPTER"
    failure: ClassVar[str] = "other"
    """The word stored with an attempt: transient, maintenance, duplicate, conflict, rejected, unknown,
    credentials.
    """

    def __init__(
        self,
        system: str,
        message: str,
        *,
        status: int | None = None,
        answer: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{system}: {message}")
        self.system = system
        self.message = message
        self.status = status
        self.answer = answer
        """The start of the answer's body, secrets removed."""
        self.retry_after = retry_after
        """How long to wait: as the system asked, or as what was asked about needs."""

    @property
    def closes_for(self) -> timedelta | None:
        """Return how long the whole system asked to be left alone; None: it did not, only this document waits."""
        return (self.retry_after or None) if self.status in (429, 503) else None


class TransientError(AdapterError):
    """Busy or unreachable before anything was done; trying again later can help."""

    code = "ADAPTER_TRANSIENT"
    failure = "transient"


class MaintenanceError(AdapterError):
    """The system is away on purpose."""

    code = "ADAPTER_MAINTENANCE"
    failure = "maintenance"


class DuplicateError(AdapterError):
    """The system already has this document."""

    code = "ADAPTER_DUPLICATE"
    failure = "duplicate"


class VersionConflictError(AdapterError):
    """The document changed in the system since it was read."""

    code = "ADAPTER_CONFLICT"
    failure = "conflict"


class RejectedError(AdapterError):
    """The system understood and said no: a person must decide."""

    code = "ADAPTER_REJECTED"
    failure = "rejected"

    def __init__(self, system: str, refusal: Refusal, *, answer: str = "") -> None:
        super().__init__(system, refusal.message, status=refusal.status, answer=answer)
        self.refusal = refusal


class OutcomeUnknownError(AdapterError):
    """Sent, but no trustworthy answer came: the system may have acted."""

    code = "ADAPTER_OUTCOME_UNKNOWN"
    failure = "unknown"


class CredentialsError(AdapterError):
    """The system refused us at the door."""

    code = "ADAPTER_CREDENTIALS"
    failure = "credentials"


class SecretUnsetError(CredentialsError):
    """A secret that this connection needs is not set: nothing was asked of the system."""

    code = "ADAPTER_SECRET_MISSING"

    def __init__(self, system: str, message: str, names: Sequence[str]) -> None:
        super().__init__(system, message)
        self.names = tuple(names)


class ProtocolError(AdapterError):
    """The system answered something its contract does not allow: too large, not JSON, a page that repeats."""

    code = "ADAPTER_PROTOCOL"
    failure = "protocol"


class DriftStopError(AdapterError):
    """Its documents no longer look as they did, and a rule of the company lets nothing more be read before a person has looked."""

    code = "ADAPTER_DRIFT"
    failure = "drift"


class ControlTotalsError(AdapterError):
    """A read shows far fewer rows than the last one: they may have been hidden from us, and a person must look."""

    code = "ADAPTER_CONTROL_TOTALS"
    failure = "totals"


class SettingsError(AdapterError):
    """The connection's configuration is wrong or incomplete."""

    code = "ADAPTER_SETTINGS"
    exit_code = 2
    failure = "settings"

    @classmethod
    def of_options(cls, system: str, error: ValidationError) -> SettingsError:
        """Say which options are wrong, without repeating what was given: it may be a secret in the wrong
        place.
        """
        told = "; ".join(
            f"options.{'.'.join(str(part) for part in one['loc'])}: {plain(one)}"
            for one in error.errors(include_url=False, include_input=False)
        )
        return cls(system, f"{told}. Correct the options of this system in its profile")
