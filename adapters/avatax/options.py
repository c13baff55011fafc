"""What can be set for an AvaTax connection: `[systems.<name>.options]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from store.canonical.tax import TaxAddress

PAGE_MAX = 1000
LINES_DEFAULT = 1000
"""So many lines an account may send at once unless Avalara has raised it."""
CODE_LENGTH_MAX = 50

Code = Annotated[str, StringConstraints(min_length=1, max_length=CODE_LENGTH_MAX)]
TaxCodeText = Annotated[str, StringConstraints(min_length=1, max_length=25)]


class Options(BaseModel):
    """Options of one AvaTax account. A key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    company_code: Code = Field(default="DEFAULT", description="The company in AvaTax whose rules apply")
    company_codes: dict[str, Code] = Field(
        default_factory=dict,
        description="Companies in AvaTax by legal entity, where they are not `company_code`",
    )
    auth: Literal["basic", "bearer"] = Field(
        default="basic",
        description="basic: secrets `user` (account id) and `password` (licence key); bearer: secret `token`",
    )
    tolerance_minor: int = Field(
        default=1, ge=0, le=10_000, description="Minor units by which a line, and a document, may differ"
    )
    ship_from: TaxAddress | None = Field(
        default=None, description="Where a document names no place of dispatch"
    )
    ship_to: TaxAddress | None = Field(default=None, description="Where a document names no destination")
    tax_codes: dict[str, TaxCodeText] = Field(
        default_factory=dict,
        description="Our tax code, and AvaTax's; a code that is not named is sent as it is",
    )
    default_tax_code: TaxCodeText | None = Field(
        default=None, description="For lines without a tax code; none: AvaTax takes its own default"
    )
    lines_max: int = Field(default=LINES_DEFAULT, ge=1, le=15_000)
    page_size: int = Field(default=PAGE_MAX, ge=1, le=PAGE_MAX)
    remembers_hours: int = Field(
        default=24, ge=0, le=24, description="How long an answer is given again unasked"
    )
    machine: str = Field(
        default="finsync", pattern=r"^[\w.-]{1,50}$", description="Last part of the header X-Avalara-Client"
    )

    def company(self, legal_entity: str | None) -> str:
        """Return the company in AvaTax that a legal entity is."""
        return self.company_codes.get(legal_entity or "", self.company_code)

    def sent_code(self, tax_code: str | None) -> str | None:
        """Return AvaTax's code for one of ours."""
        return self.default_tax_code if tax_code is None else self.tax_codes.get(tax_code, tax_code)
