"""What a doubt about an approval does: stops the document, is looked at again for a day, is noted, or is not looked for."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["block", "recheck", "note", "off"]
Doubtful = Literal[
    "missing",
    "self_approval",
    "approver",
    "hierarchy",
    "limit",
    "limit_unknown",
    "chain",
    "requisition",
    "account",
    "budget",
]


class ApprovalBasis(BaseModel):
    """By what was approved, and what has changed since."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    missing: Severity = Field(default="off", description="No approval of it can be read")
    self_approval: Severity = Field(default="note", description="The only approver is who asked for it")
    approver: Severity = Field(default="note", description="An approver has left")
    hierarchy: Severity = Field(default="note", description="No approver is above who asked, or a delegate")
    limit: Severity = Field(default="note", description="It is more than any of its approvers may approve")
    limit_unknown: Severity = Field(
        default="note",
        description="Nobody can say whether it is: an approver, or their limit in its currency, is unknown",
    )
    chain: Severity = Field(default="note", description="Somebody in its chain has not decided, or said no")
    requisition: Severity = Field(
        default="note", description="Its requisition is void, or was approved over less"
    )
    account: Severity = Field(default="block", description="An account it is charged to was closed since")
    budget: Severity = Field(default="note", description="The budget does not suffice any more")

    def of(self, kind: Doubtful) -> Severity:
        severity: Severity = getattr(self, kind)
        return severity
