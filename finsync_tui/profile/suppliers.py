"""From which score on two suppliers are taken for one, or a person is asked."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Thresholds(NamedTuple):
    """From which score on two suppliers are taken for one, or a person is asked."""

    link: float = 92.0
    ask: float = 70.0

    def band(self, score: float) -> str:
        """Return `link`, `ask` or `ignore`."""
        return "link" if score >= self.link else "ask" if score >= self.ask else "ignore"


class SupplierPolicy(BaseModel):
    """Thresholds of the comparison, 0 to 100."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    link: float = Field(default=92.0, ge=0, le=100, description="From here on two are taken for one")
    ask: float = Field(default=70.0, ge=40, le=100, description="From here on a person is asked")

    create_in: tuple[str, ...] = Field(
        default=(),
        description="ERPs in which a supplier that is active at its source shall exist; the first gives its number",
    )
    site_code: str = Field(
        default="MAIN", min_length=1, max_length=240, description="How a new site is called"
    )

    @model_validator(mode="after")
    def _in_order(self) -> SupplierPolicy:
        if self.ask > self.link:
            raise ValueError("`ask` is the lower threshold: it can't be above `link`")
        return self

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(self.link, self.ask)
