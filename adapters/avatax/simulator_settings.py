"""The switches of the simulated AvaTax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Settings:
    """What this account has and how it behaves; everything may be changed while it runs."""

    companies: frozenset[str] = frozenset({"DEFAULT"})
    has_payables: bool = False
    """The product for accounts payable: answers say `apStatusCode`."""
    forced_status: str | None = None
    """The `apStatusCode` of every answer, whatever was found."""
    trusted_suppliers: frozenset[str] = frozenset()
    accrual_suppliers: frozenset[str] = frozenset()
    exempt_cost_centres: frozenset[str] = frozenset()
    exempt_accounts: frozenset[str] = frozenset()
    threshold: str = "0"
    """Differences of documents below this amount do not interest it."""
    accrues: bool = True
    """It accrues what was not charged, or only says so."""
    unknown_code: Literal["warning", "error"] = "warning"
    fails_to_calculate: bool = False
    """300 with two details, for every question."""
    saves_everything: bool = False
    """A defect that the real one must never have: a PurchaseOrder is saved."""
    says_count: bool = True
    """Collections say `@recordsetCount`; without it only `@nextLink` tells that there is more."""
    requests_per_second: float | None = None
    lines_max: int = 1000
    forced_timeout_s: float = 0.0
    """How long `ForceTimeout` makes a caller wait: 30 in truth."""
