"""What differs between Concur companies, or is not known about the real system: switches of the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

SCOPES: Final = frozenset(
    [
        "EXPRPT",
        "FISVC",
        "INVVEN",
        "expense.report.read",
        "expense.report.readwrite",
        "expense.report.workflowstatus.write",
        "expense.report.tax.readwrite",
        "spend.list.read",
        "spend.list.write",
        "spend.listitem.read",
        "spend.listitem.write",
        "spend.listitem.delete",
        "identity.user.ids.read",
        "identity.user.core.read",
        "identity.user.enterprise.read",
        "identity.user.coreenterprise.writeonly",
        "identity.user.delete",
        "identity.user.event.read",
        "user.profile.search.read",
        "user.provision.read",
        "user.provision.write",
        "spend.user.general.read",
        "spend.user.general.writeonly",
        "spend.user.event.read",
        "budgetitem.read",
        "budgetitem.write",
        "fiscalcalendar.read",
        "expense.exchangerate.writeonly",
        "events.topic.read",
    ]
)
"""Everything that the simulated families ask for."""

Step = Literal["manager", "cost_object", "budget", "validation", "processor"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One company's way, and our choice where the sources are silent."""

    seed: str = "concur"
    """Ids and keys follow from it: the same seed and the same calls give the same ids."""
    company_id: str = "192001"
    entity_id: str = "p0012345abcd"

    # tokens
    geolocation: str | None = None
    """The base that token answers name; None: the one that was asked."""
    answers_elsewhere: bool = False
    """Whether a token call at another host than `geolocation` is refused with code 16."""
    expires_in_as: Literal["text", "number"] = "text"
    has_refresh_expiry: bool = True
    rotates_refresh_token: bool = True
    replaced_refresh_token_s: int = 0
    """How long a refresh token that was replaced is still taken. The sources do not say; 0 is the strict reading, under
    which an answer that its client dies over ends the connection."""
    token_life_s: int = 3600
    request_token_life_s: float | None = 24 * 3600
    scopes: frozenset[str] = SCOPES
    """What the company granted the application."""
    legacy_expired_status: Literal[401, 403] = 403
    """v1 to v3 answer 403 to an expired token; everybody else 401."""

    # traffic
    requests_per_second: float | None = None
    burst: int = 20
    retry_after_s: int | None = 1
    list_bulk_per_minute: int | None = None
    sunsets: Mapping[str, str] = field(default_factory=dict)
    """Path prefix to `Sunset` date: answers below it carry that header and `x-api-warn`."""

    # expense
    workflow: tuple[Step, ...] = ("manager", "processor")
    validation_step_code: str = "EXTVAL"
    legacy_host: str = "https://www.concursolutions.com"
    """What `NextPage`, `URI` and `WorkflowActionUrl` name, whoever was asked."""
    v3_limit_max: int = 100
    status_moves_modified: bool = True
    """Whether a change of status moves the header's `LastModifiedDate`."""
    posting_failed_code: str = "P_FAIL"
    """The label of this status is published, its code is not."""
    exception_codes: frozenset[str] | None = None
    """The codes that the company configured; None: any."""
    offsets_personal: bool = False
    """Whether personal charges on an individual card reduce what cash expenses bring the employee."""
    payment_codes: Mapping[str, str] = field(default_factory=dict)
    """Payment kind to `reportEntryPatKey`, where the company has codes of its own: company_card to 1000."""
    has_payment_codes: bool = True
    """False: documents come without `reportEntryPatKey`, as some published ones do."""
    link_size_name: str = "size"

    # documents
    acknowledgement_locks: bool = False
    """Whether a processor cannot recall any more after the acknowledgement. The guide says so; the code for a
    confirmation of a recalled document says that it happens."""
    reversal_payment_status: str = "P_PAID"
    """What a report shows after its payment was reversed or made obsolete; not published."""

    # lists
    shows_below_deleted: bool = False
    """Whether the children of a deleted item can be asked for; not published."""

    # people
    provision_delay_s: float = 30.0
    provision_kept_days: int = 7
    search_lag_s: float = 0.0
    """How far the indexed copy behind the user search is behind."""
    search_total_name: Literal["total", "totalResults"] = "totalResults"
    duplicate_user_status: Literal[400, 409] = 409
