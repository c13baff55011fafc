"""What can be set for a connection: `[systems.<name>.options]`."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

NAME = r"^[A-Za-z0-9_\-]+$"
REPORT = r"^[A-Za-z0-9_\-@.]+/[A-Za-z0-9_\-]+$"


class ReportPaths(BaseModel):
    """Where the three reports are: `owner/report`, as their web service URL ends."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    workers: str = Field(default="ISU_FINSYNC/FINSYNC_Workers", pattern=REPORT)
    organizations: str = Field(default="ISU_FINSYNC/FINSYNC_Organizations", pattern=REPORT)
    scheduled_changes: str = Field(default="ISU_FINSYNC/FINSYNC_Scheduled_Changes", pattern=REPORT)


class Options(BaseModel):
    """Options of one tenant. A key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    tenant: str = Field(pattern=NAME, description="Name of the tenant: a part of every path")
    time_zone: str = Field(
        description="The tenant's own time zone, e.g. Europe/Berlin: its day is the day of HR"
    )
    transport: Literal["raas", "soap"] = Field(
        default="raas",
        description="Reports as a service, or web services: these alone show a log of transactions",
    )
    auth: Literal["basic", "refresh_token", "jwt_bearer"] = "basic"
    token_url: str | None = Field(
        default=None, description="The token endpoint as the tenant's page *View API Clients* shows it"
    )
    audience: str = Field(default="wd", description="`aud` of the assertion; some tenants want wd2")
    version: str = Field(
        default="v41.2", pattern=r"^v\d+\.\d$", description="Version of the web services, pinned"
    )
    reports: ReportPaths = Field(default_factory=ReportPaths)
    cost_centre_key: Literal["reference_id", "code"] = Field(
        default="reference_id", description="Which of its ids is the ERP's value"
    )
    cost_centre_tree: str | None = Field(
        default=None, description="Top node of the hierarchy whose nodes are parents, where there are several"
    )
    page_size: int | None = Field(default=None, ge=1, le=999)
    entry_overlap_minutes: int = Field(default=5, ge=0)
    effective_overlap_days: int = Field(
        default=1, ge=0, description="A last day ends when the worker's own day does"
    )
    settle_seconds: int = Field(
        default=60, ge=0, description="What was entered in the last so many seconds is left for the next read"
    )
    whole_every_days: int = Field(default=7, ge=1, description="By web services: everything is read again")
    scheduled_days: int = Field(default=366, ge=1, description="How far ahead changes are looked for")
    mass_change_percent: float = Field(
        default=5.0, gt=0, le=100, description="Guard: so much less than last time, and more than ..."
    )
    mass_change_min: int = Field(
        default=20, ge=0, description="... so many: nothing is stored, a person is asked"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("is no time zone, like Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _has_token_url(self) -> Options:
        if self.auth != "basic" and self.token_url is None:
            raise ValueError(f"auth {self.auth} needs token_url, as the page View API Clients shows it")
        return self
