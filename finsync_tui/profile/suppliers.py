"""From which score on two suppliers are taken for one, and which system's value of a field counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from store.canonical.supplier import SupplierKind

Required = Literal["street", "postcode", "town", "vat_number", "bank_account"]
Rule = Literal["most_trusted", "newest", "most_complete"]
GOLDEN_FIELDS: Final = (
    "name", "number", "status", "kind", "country", "address", "tax_registrations", "bank_accounts", "parent",
)  # fmt: skip
"""Fields of a golden record. Each comes from one record: a street of one and a town of another is nobody's address."""
OWNED_FIELDS: Final = (*GOLDEN_FIELDS, "sites")
"""Fields that a system may own: its sites follow, but each system has its own, so that no golden record has them."""


DOUBT_MOST: Final = 90.0
"""Two suppliers with two postcodes or two bank accounts score no more than this, unless a tax id agrees: a person looks."""


class Thresholds(NamedTuple):
    """From which score on two suppliers are taken for one, or a person is asked."""

    link: float = 92.0
    ask: float = 70.0

    def band(self, score: float) -> str:
        """Return `link`, `ask` or `ignore`."""
        return "link" if score >= self.link else "ask" if score >= self.ask else "ignore"


class BankPolicy(BaseModel):
    """What happens to changed bank details before the ERP has them."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    cooling_off: timedelta = Field(
        default=timedelta(days=2), ge=timedelta(0), le=timedelta(days=90),
        description="How long they wait after the second person approved",
    )  # fmt: skip
    countries: Literal["hold", "warn", "off"] = Field(
        default="warn",
        description="What becomes of an account whose IBAN, bank code and bank are of countries that can't be so together, or that "
        "is in another country than its supplier: it is held until it was corrected, whoever decides on it is told, or nothing",
    )
    entered: Literal["hold", "note", "off"] = Field(
        default="hold",
        description="What becomes of a bank account that appears or changes in an ERP, and not through finsync: payments to its "
        "supplier are held until two persons have agreed, it is noted, or nobody looks",
    )
    entered_hold: str | None = Field(
        default=None, min_length=1, max_length=80,
        description="Name of the ERP's hold for invoices of that supplier that are posted and not paid; None: only what is not "
        "posted yet waits",
    )  # fmt: skip
    flags_refused: bool = Field(
        default=True,
        description="Refused ones flag the supplier at its origin: its invoices are to be reviewed there",
    )


class SupplierPolicy(BaseModel):
    """Thresholds of the comparison, 0 to 100; where suppliers are created; whose value counts."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    link: float = Field(
        default=92.0, gt=DOUBT_MOST, le=100,
        description="From here on two are taken for one: above 90, which is the most for two with other postcodes or accounts",
    )  # fmt: skip
    ask: float = Field(default=70.0, ge=40, le=100, description="From here on a person is asked")

    create_in: tuple[str, ...] = Field(
        default=(),
        description="ERPs in which a supplier that is active at its source shall exist; the first gives its number",
    )
    create_by_country: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="The same for suppliers of a country (ISO 3166 alpha-2), instead of `create_in`",
    )
    kinds: tuple[SupplierKind, ...] = Field(
        default=("company",), description="Which kinds are created: company, one_time, employee"
    )
    since: AwareDatetime | None = Field(
        default=None, description="What was at its source before, and did not change since, is taken as it is"
    )
    site_code: str = Field(
        default="MAIN", min_length=1, max_length=240, description="How a new site is called"
    )
    required: dict[str, tuple[Required, ...]] = Field(
        default_factory=dict,
        description="What a company of a country (ISO 3166 alpha-2, or `*`) needs to be complete, beside name, country, tax id and a "
        "place: street, postcode, town, vat_number, bank_account",
    )
    blocked: Literal["tell", "stop"] = Field(
        default="tell",
        description="What becomes of an order or invoice whose supplier is blocked at its source: it says so and goes on, or "
        "waits as an exception",
    )
    blocked_hold: str | None = Field(
        default=None,
        min_length=1,
        max_length=80,
        description="Name of the ERP's hold for invoices that are posted and not paid when their supplier is blocked at its "
        "source; None: they are paid",
    )
    bank: BankPolicy = BankPolicy()
    trust: tuple[str, ...] = Field(
        default=(),
        description="Systems, the most trusted first; those not named come after them, the supplier's owner and ERPs first",
    )
    rule: Rule = Field(
        default="most_trusted", description="Which value of a field counts where its owner has none"
    )
    survivorship: dict[str, Rule] = Field(
        default_factory=dict, description="The same for single fields, by name"
    )

    @model_validator(mode="after")
    def _in_order(self) -> SupplierPolicy:
        if self.ask > self.link:
            raise ValueError("`ask` is the lower threshold: it can't be above `link`")
        unknown = sorted(set(self.survivorship) - set(GOLDEN_FIELDS))
        if unknown:
            raise ValueError(f"a supplier has no field {unknown[0]!r}; there are {', '.join(GOLDEN_FIELDS)}")
        return self

    def required_in(self, country: str | None) -> tuple[Required, ...]:
        """Return what a company of that country needs beside what each does."""
        return tuple(dict.fromkeys((*self.required.get("*", ()), *self.required.get(country or "", ()))))

    def targets(self, country: str | None) -> list[str]:
        """Return the systems in which a supplier of that country shall exist."""
        return list(self.create_by_country.get(country or "", self.create_in))

    @property
    def all_targets(self) -> frozenset[str]:
        """Return every system that any supplier is created in."""
        return frozenset(
            (*self.create_in, *(one for some in self.create_by_country.values() for one in some))
        )

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(self.link, self.ask)
