"""Who answers for what: each flow, system, contract, mapping table and policy has an owner role and a deputy.

[owners.default]
owner = "finance"
deputy = "controlling"

[owners.mappings.cost_centre]
owner = "controlling"
deputy = "finance"

[people.maria]
answers_for = ["controlling"]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["flow", "system", "contract", "mapping", "policy"]
PARTS: Final[Mapping[Kind, str]] = {
    "flow": "flows", "system": "systems", "contract": "contracts", "mapping": "mappings",
}  # fmt: skip
"""Where each kind stands below [owners]; a policy names its owner in its own file."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Answerable(_Part):
    """The role that answers for something, and the one that does when it does not."""

    owner: str = Field(min_length=1, max_length=60)
    deputy: str = Field(min_length=1, max_length=60)

    @model_validator(mode="after")
    def _are_two(self) -> Answerable:
        if self.owner == self.deputy:
            raise ValueError("owner and deputy are the same role")
        return self


class Owners(_Part):
    """Who answers for what."""

    default: Answerable | None = Field(default=None, description="For whatever is not named")
    flows: dict[str, Answerable] = Field(default_factory=dict)
    systems: dict[str, Answerable] = Field(default_factory=dict)
    contracts: dict[str, Answerable] = Field(default_factory=dict)
    mappings: dict[str, Answerable] = Field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return self == Owners()


@dataclass(frozen=True, slots=True)
class Owned:
    """One thing that somebody answers for, and who."""

    kind: Kind
    name: str
    owner: str
    """Empty: nobody."""
    deputy: str
    is_default: bool = False
    """It is not named: [owners.default] answers for it."""


def contract_names() -> frozenset[str]:
    """Return the entities that have a contract."""
    from store.canonical.contracts import (
        CONTRACTS,  # all models: wanted where owners are checked or something is routed
    )

    return frozenset(CONTRACTS)


def owned(owners: Owners, kind: Kind, name: str, policy: tuple[str, str] = ("", "")) -> Owned:
    """Return who answers for one thing; `policy`: what a policy's own file says."""
    if kind == "policy":
        if all(policy):
            return Owned(kind, name, *policy)
        own = None
    else:
        parts: dict[str, Answerable] = getattr(owners, PARTS[kind])
        own = parts.get(name)
    found = own or owners.default
    if found is None:
        return Owned(kind, name, policy[0], policy[1])
    return Owned(kind, name, policy[0] or found.owner, policy[1] or found.deputy, is_default=own is None)


def things(
    owners: Owners, names: Mapping[Kind, Iterator[str]], policies: Mapping[str, tuple[str, str]]
) -> Iterator[Owned]:
    """Yield everything that somebody has to answer for."""
    for kind, some in names.items():
        for name in sorted(some):
            yield owned(owners, kind, name)
    for name, said in sorted(policies.items()):
        yield owned(owners, "policy", name, said)
