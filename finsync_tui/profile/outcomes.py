"""What things were like before: baselines that the report *Outcomes* compares with.

[outcomes.baseline]
first_pass_posting = "0.62"
days_to_close = "9"
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from store.canonical.money import ExactDecimal

Outcome = Literal[
    "first_pass_posting",
    "policy_untouched",
    "manual_touches",
    "records_distributed",
    "spend_with_order",
    "complete_lineage",
    "time_to_resolve",
    "incidents_by_cause",
    "days_to_close",
]


class Outcomes(BaseModel):
    """Baselines that were measured elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    baseline: dict[Outcome, ExactDecimal] = Field(
        default_factory=dict,
        description="The measure as it was before, in its own unit; without one it is the first whole month",
    )
