"""The shape of a policy: rules in CEL, who answers for them, and the table of cases that they must pass."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from finsync_tui.extensions import ExtensionSetup, in_force


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Rule(_Part):
    """One rule: what must be so, and what then."""

    when: str = Field(min_length=1, description="A CEL expression that says yes or no (docs/policies.md)")
    then: str = Field(min_length=1, description="What is decided where it says yes")
    why: str = Field(min_length=1, description="What a person reads who is stopped by it")
    fix: str = Field(default="", description="What this person is to do")
    companies: tuple[str, ...] = Field(default=(), description="Companies or regions; none: all")
    priority: int = Field(default=0, description="The highest is asked first")
    valid_from: date | None = None
    valid_to: date | None = Field(default=None, description="The last day")
    is_enabled: bool = Field(
        default=True, description="A later layer may switch off what an earlier one says"
    )

    @model_validator(mode="after")
    def _some_day(self) -> Rule:
        if self.valid_from is not None and self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"it ends on {self.valid_to}, before it begins on {self.valid_from}")
        return self

    def holds(self, company: str, region: str, on: date) -> bool:
        """Say whether it is asked for a company on a day."""
        return (
            self.is_enabled
            and (
                not self.companies or company in self.companies or (region != "" and region in self.companies)
            )
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_to is None or on <= self.valid_to)
        )


class Case(_Part):
    """A test: what is given, and which rules must say yes, in their order."""

    given: dict[str, Any] = Field(
        default_factory=dict, description="Fields of the documents; what is not given is missing"
    )
    company: str = ""
    on: date
    expects: tuple[str, ...] = Field(description="Names of the rules that say yes; () for none")


class Company(BaseModel):
    """Of a company, what rules ask for."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    region: str = ""


class PolicySetup(_Part):
    """A named set of rules for one decision."""

    decides: str = Field(description="What is decided: one of `finsync policy list --decisions`")
    description: str = ""
    owner: str = Field(default="", description="The role that answers for it")
    deputy: str = ""
    rules: dict[str, Rule] = Field(default_factory=dict)
    tests: dict[str, Case] = Field(default_factory=dict)


class Ruled(BaseModel):
    """The parts of a profile that rules need: they can be checked and tried before a system is connected."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    policies: dict[str, PolicySetup] = Field(default_factory=dict)
    legal_entities: dict[str, Company] = Field(default_factory=dict)
    extensions: dict[str, ExtensionSetup] = Field(default_factory=dict)

    @property
    def extending(self) -> tuple[ExtensionSetup, ...]:
        """The newest version of each extension: what rules may name of it."""
        return tuple(in_force(self.extensions.values()).values())

    @property
    def companies(self) -> dict[str, str]:
        """The companies with their regions."""
        return {number: one.region for number, one in self.legal_entities.items()}
