"""What the review queue of suppliers shows: pairs that may be one supplier, each with both sides, evidence and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import TYPE_CHECKING, Any

from finsync_tui.screens.filters import Field, Grammar
from finsync_tui.screens.queries import Listing, Sort, batches
from finsync_tui.screens.text import safe_text
from store.columns import from_json

if TYPE_CHECKING:
    from finsync_tui.suppliers.examples import Example

EVIDENCE_MAX = 12


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two suppliers that may be one, as the list shows them."""

    id: int
    score: float
    one: str
    other: str
    one_name: str
    other_name: str
    one_place: str
    other_place: str
    one_system: str
    other_system: str
    answer: str
    """same, different, or empty: nobody has said."""
    state: str
    """open, asked, linked, same, different."""
    proposed_by: str
    """Who has said that they are one, while a second person is asked."""
    evidence: tuple[tuple[str, float], ...]
    document_key: str
    number: str
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class PairDossier:
    """One pair with both sides in full, and what was said of pairs like it."""

    row: PairRow
    fields: tuple[tuple[str, str, str, bool], ...]
    examples: tuple[Example, ...]


def _pair(row: Row) -> PairRow:
    return PairRow(
        id=row["id"],
        score=row["score"],
        one=safe_text(row["one"], 80),
        other=safe_text(row["other"], 80),
        one_name=safe_text(row["one_name"], 200),
        other_name=safe_text(row["other_name"], 200),
        one_place=safe_text(row["one_place"], 80),
        other_place=safe_text(row["other_place"], 80),
        one_system=safe_text(row["one_system"], 60),
        other_system=safe_text(row["other_system"], 60),
        answer=row["answer"] or "",
        state=row["state"],
        proposed_by=safe_text(row["proposed_by"] or "", 80),
        evidence=tuple((safe_text(what, 200), points) for what, points in _reasons(row["evidence"])),
        document_key=row["one"],
        number=safe_text(row["one"], 80),
    )


def _reasons(text: str) -> list[tuple[str, float]]:
    return [(str(what), float(points)) for what, points in from_json(text)["evidence"][:EVIDENCE_MAX]]


PAIRS: Listing[PairRow] = Listing(
    name="suppliers",
    view="v_supplier_pair",
    select="SELECT * FROM v_supplier_pair WHERE id IN ({ids})",
    make=_pair,
    grammar=Grammar(
        fields=(
            Field("state", "state", values=("open", "asked", "linked", "same", "different")),
            Field("system", "one_system"),
            Field("other", "other_system"),
        ),
        words=("one", "other", "one_name", "other_name"),
        flags=(("within", "one_system = other_system"), ("linked", "is_linked = 1")),
        default="state IN ('open', 'asked')",
        document="one",
    ),
    sorts=(Sort("score", "score", "score"), Sort("name", "name", "one_name")),
    has_money=False,
)


def keys_of(db: Connection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return the record keys of these pairs; one that is gone is left out."""
    found: dict[int, tuple[str, str]] = {}
    for part in batches(ids):
        found |= {
            pair_id: (one, other)
            for pair_id, one, other in db.execute(
                f"SELECT id, one, other FROM v_supplier_pair WHERE id IN ({','.join('?' * len(part))})",  # noqa: S608
                part,
            )
        }
    return found


def pair(db: Connection, pair_id: int) -> PairDossier | None:
    """Return one pair; None when it is gone: one of the two has changed."""
    from finsync_tui.suppliers import examples, side_by_side
    from store import supplier_forms

    raw = db.execute("SELECT * FROM v_supplier_pair WHERE id=?", (pair_id,)).fetchone()
    if raw is None:
        return None
    sides: list[list[tuple[str, object]]] = []
    for key in (raw["one"], raw["other"]):
        form = supplier_forms.get(db, *key.split(":", 1))
        sides.append(_side(form))
    both = side_by_side.pairings(*sides)
    reasons = _reasons(raw["evidence"])
    like = examples.of(db, raw["one"], raw["other"], raw["score"], [what for what, _ in reasons])
    shown = tuple(
        (name, safe_text(one, 200), safe_text(other, 200), differs) for name, one, other, differs in both
    )
    return PairDossier(_pair(raw), shown, tuple(like))


def _side(form: Any) -> list[tuple[str, object]]:
    names = ("number", "name", "status", "kind", "country", "postcode", "town", "tax_ids")
    return [
        *((name.replace("_", " "), getattr(form, name, "") or "") for name in names),
        ("bank accounts", str(len(form.accounts.split())) if form is not None else ""),
    ]
