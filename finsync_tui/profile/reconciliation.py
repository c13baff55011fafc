"""What is compared between systems, as data: keys, match rules, fields, tolerances, filters, equal statuses, classes.

A definition names paths into canonical records and nothing else: no SQL, no code. `reconciliations/<name>.toml` in a layer
holds one; a region's or environment's layer mentions only what differs. Any engine can read it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from store.canonical.money import ExactDecimal

FieldKind = Literal["text", "money", "number", "date", "status", "link"]
Take = Literal["one", "sum", "count", "list"]
Criticality = Literal["high", "normal", "low"]
DEFAULT = "default"


def _duration(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("write a duration in ISO 8601, e.g. PT4H or P3D")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Tolerance = dict[str, ExactDecimal]
"""What may differ, by currency; `default` for all others and for numbers without one."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Filter(_Part):
    """Which records take part. All of what is given must hold."""

    path: str = Field(description="Or @document: the key of the document that a row belongs to")
    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    starts_with: str | None = Field(default=None, description="May hold {other}: the other side's system")
    is_present: bool | None = None


class Owner(_Part):
    """Whose document it is: a path, or what is found by it in the profile."""

    path: str
    by: Literal["number", "chart", "business_unit", "ledger"] = "number"


class DocumentOf(_Part):
    """How the document is found that a row belongs to: by the link of what a path names, or by a template."""

    entity: str | tuple[str, ...] | None = Field(
        default=None, description="Of the link; several are tried in turn"
    )
    path: str | None = Field(
        default=None, description="External id in this side's system; None: the record's own"
    )
    key: str | None = Field(default=None, description="Or a template, as for keys")

    @property
    def entities(self) -> tuple[str, ...]:
        return (self.entity,) if isinstance(self.entity, str) else self.entity or ()


class SideSetup(_Part):
    """One side: which records of which system, and where in them the key and the control totals are."""

    role: Literal["procurement", "erp", "expense", "hr"] | None = Field(
        default=None, description="Every connected system of that role takes part"
    )
    systems: tuple[str, ...] = Field(
        default=(), description="Or these systems; `finsync` is what was decided here, read from the store"
    )
    entity: str
    read: Literal["all", "known", "taken_up"] = Field(
        default="all",
        description="How it is read afresh; known: document by document, where a system lists only news; taken_up: of "
        "finsync, the documents that the definition's flow has an instance of",
    )
    key: str = Field(
        description="What both sides are matched by, a template: {path}, {@system}, {@id}, {@key}, {@document}; {path|short} "
        "takes the first 12 letters and digits before a dot, {path|20} the first 20 characters, {path|plain} no spaces and "
        "case, {path|base} what stands before a hyphen, {path|last} the last word"
    )
    each: str | None = Field(default=None, description="Path of a list: each element is a row of its own")
    keep: tuple[Filter, ...] = Field(default=(), description="What takes part")
    expected: tuple[Filter, ...] = Field(
        default=(), description="What the other side must have; the rest is only compared where both have it"
    )
    zero_when: tuple[Filter, ...] = Field(
        default=(),
        description="When a record's amounts count as nothing: some systems keep those of a cancelled document",
    )
    legal_entity: Owner | None = None
    period: str | None = Field(default=None, description="Path of a date: its month is the period")
    currency: str | None = None
    amount: str | None = None
    number: str = "number"
    document: DocumentOf | None = Field(
        default=None,
        description="Whose process a row belongs to; None: its own record, or what that was made from",
    )

    @model_validator(mode="after")
    def _somewhere(self) -> SideSetup:
        if (self.role is None) == (not self.systems):
            raise ValueError("a side names either a `role` or `systems`")
        return self


class Adoption(_Part):
    """How the source is told a field's value."""

    operation: str = Field(description="Of its adapter, `supplier.change`")
    field: str = Field(description="What the value is called in what is sent")


class FieldSetup(_Part):
    """One field that both sides should agree on."""

    name: str
    kind: FieldKind = "text"
    path: str | None = Field(default=None, description="In both sides' records")
    source: str | None = Field(default=None, description="Its path at the source, where it differs")
    target: str | None = None
    take: Take = "one"
    is_compared: bool = Field(default=True, description="False: it is only matched by and shown")
    is_optional: bool = Field(
        default=False, description="A side that says nothing of it disagrees with nobody"
    )
    at_most: bool = Field(
        default=False,
        description="The target's may be less, or nothing: only more than the source's is a difference",
    )
    tolerance: Tolerance = Field(default_factory=dict)
    tolerance_percent: ExactDecimal = Field(default=Decimal(0), ge=0, le=100)
    source_values: dict[str, str] = Field(
        default_factory=dict, description="The common word for each of the source's: equal statuses"
    )
    target_values: dict[str, str] = Field(default_factory=dict)
    entity: str | None = Field(default=None, description="Of a link: what it points to, `supplier`")
    adopt: Adoption | None = Field(
        default=None, description="How the source is told the target's value, where the target is its master"
    )
    source_by: Literal["id", "number"] = "id"
    target_by: Literal["id", "number"] = "id"

    @model_validator(mode="after")
    def _has_paths(self) -> FieldSetup:
        if self.path is None and (self.source is None or self.target is None):
            raise ValueError("a field has a `path`, or a `source` and a `target`")
        if (self.kind == "link") != (self.entity is not None):
            raise ValueError("a link, and only a link, names the `entity` it points to")
        if self.at_most and self.kind not in ("money", "number"):
            raise ValueError("only money and numbers have an `at_most`")
        return self

    def path_of(self, side: Literal["source", "target"]) -> str:
        own = self.source if side == "source" else self.target
        return own if own is not None else str(self.path)

    def tolerance_in(self, currency: str | None) -> Decimal:
        return self.tolerance.get(currency or DEFAULT, self.tolerance.get(DEFAULT, Decimal(0)))


class MatchRule(_Part):
    """How rows are paired that no key pairs. Tried in order; a rule pairs only what is unambiguous."""

    name: str
    on: tuple[str, ...] = Field(min_length=1, description="Fields that are equal, and filled")
    amount: bool = Field(default=False, description="The amounts are equal within `tolerance`")
    tolerance: Tolerance = Field(default_factory=dict)
    days: int | None = Field(default=None, ge=0, le=366, description="The dates lie so close together")
    date: str | None = Field(default=None, description="The date field that `days` is about")
    many: Literal["source", "target"] | None = Field(
        default=None, description="Several rows of that side add up to one of the other"
    )

    @model_validator(mode="after")
    def _complete(self) -> MatchRule:
        if (self.days is None) != (self.date is None):
            raise ValueError("`days` and `date` go together")
        return self


class ClassRules(_Part):
    """What tells why two sides differ."""

    rounding: Tolerance = Field(
        default_factory=dict,
        description="An amount that differs by no more than this was rounded differently; `default` is said in hundredths: as "
        "many smallest units of a currency with more decimals, one unit of one without",
    )
    patience: Duration = Field(
        default=timedelta(days=1),
        description="So long after its last change a document may still be on its way",
    )
    mapping: tuple[str, ...] = Field(
        default=(), description="Exception classes that mean a mapping is missing"
    )
    master_data: tuple[str, ...] = Field(
        default=(), description="Exception classes that mean master data is missing"
    )
    passing: dict[str, str] = Field(
        default_factory=dict,
        description="Statuses of the target that a document passes through, each with the source's that it is on its way to: no "
        "difference while it is new, something is sent, or it is in exception",
    )
    shown_after: tuple[str, ...] = Field(
        default=(),
        description="Operations of which one has to be read back before the target shows a document as one that takes part: until "
        "then it is not gone, but not there yet. None: the first that was delivered",
    )
    master_fields: tuple[str, ...] = Field(
        default=(),
        description="Fields whose difference means so where the target's value is linked to nothing",
    )


class Reconciliation(_Part):
    """One definition: what is compared, and how."""

    title: str
    entity: str = Field(description="What is compared, as people name it: the source's entity, most often")
    flow: str | None = Field(default=None, description="The flow that should have made both sides equal")
    is_enabled: bool = True
    criticality: Criticality = "normal"
    pairing: Literal["together", "each"] = Field(
        default="together",
        description="All target systems hold one set together, or each holds the whole of it",
    )
    source: SideSetup
    target: SideSetup
    fields: tuple[FieldSetup, ...]
    match: tuple[MatchRule, ...] = ()
    refers_to: str | None = Field(
        default=None,
        description="The entity by which a target's records are linked to documents; None: the source's",
    )
    proves: tuple[str, ...] = Field(
        default=(), description="Operations whose deliveries are verified where both sides agree"
    )
    undone_by: tuple[str, ...] = Field(
        default=(),
        description="Operations that take back what was decided: what they leave in the target is no difference",
    )
    many: Literal["source", "target"] | None = Field(
        default=None, description="Several rows of that side may carry one key: their amounts add up"
    )
    doubles: Literal["break", "ignore"] = Field(
        default="break",
        description="Whether two rows of one side may have one key: numbers that several companies use",
    )
    expects: Literal["both", "target", "source", "neither"] = Field(
        default="both", description="Which side has to hold everything that the other holds"
    )
    total_tolerance: Tolerance = Field(
        default_factory=dict, description="What a control total may differ beyond its documents"
    )
    classes: ClassRules = ClassRules()

    @model_validator(mode="after")
    def _names_fields(self) -> Reconciliation:
        names = [one.name for one in self.fields]
        if len(set(names)) != len(names):
            raise ValueError("two fields have the same name")
        used = {name for rule in self.match for name in (*rule.on, *((rule.date,) if rule.date else ()))}
        if unknown := used - set(names):
            raise ValueError(f"a match rule names the field {sorted(unknown)[0]!r}, and there is none")
        return self


class Rhythm(_Part):
    """How often definitions of one criticality run: what changed, and all of it."""

    changes: Duration
    full: Duration


class ReconcileSetup(_Part):
    """How often what is compared, by criticality."""

    rhythms: dict[Criticality, Rhythm] = Field(default_factory=dict)
