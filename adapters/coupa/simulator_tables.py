"""The documents of the simulated Coupa: kept, referred to, and shown.

A document is kept as it will be shown, with dash-case names, decimals as text and times in the instance's
zone; a reference is kept with the id of what it means and shown with what that says now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapters.coupa.simulator_models import HOME, MODELS
from adapters.coupa.simulator_resources import RESOURCES
from adapters.coupa.simulator_shapes import Attribute, Model
from adapters.simulation import Collection, Document
from store.clock import Clock

DELETED: Final = "deleted"
"""Status of an order line that was removed. How the real system marks one is not known."""

Shape = tuple[tuple[str, "Shape | None"], ...]
"""Which attributes to show, and of references and lists which of theirs. None: the usual ones."""


class RefusedError(Exception):
    """The simulated system says no: 400 and `sentences` under the model's name."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = list(sentences)


def dashed(name: str) -> str:
    """Return an attribute's name as documents have it.

    >>> dashed("po_number"), dashed("_delete")
    ('po-number', '_delete')
    """
    return name if name.startswith("_") else name.replace("_", "-")


def decimal_text(value: object, places: int) -> str:
    """Return a decimal as the system prints it; raise ValueError when it is none.

    >>> decimal_text("12.5", 6)
    '12.500000'
    """
    if isinstance(value, bool):
        raise ValueError("a boolean is not a number")
    try:
        number = Decimal(str(value))
        return f"{number.quantize(Decimal(1).scaleb(-places)):f}"
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None


@dataclass
class Tables:
    """Everything the instance holds."""

    clock: Clock
    utc_offset: timedelta
    next_inner_id: int = 1
    """For lines, allocations, addresses: whatever lives inside another document."""
    wraps_payments: bool = False
    """Shows the payments of an invoice wrapped twice, as some instances do."""
    reference_revision: int = 0
    """Rises when something changes that other documents show."""
    collections: dict[str, Collection] = field(
        default_factory=lambda: {
            path: Collection(path, keys=(*one.unique, *one.lookups), sorted_by=("updated-at",))
            for path, one in RESOURCES.items()
        }
    )

    def __post_init__(self) -> None:
        self._zone = timezone(self.utc_offset)
        self._shown_homes = frozenset(HOME.values())

    def now_text(self) -> str:
        return self.time_text(self.clock.now())

    def time_text(self, instant: datetime) -> str:
        """Return an instant as the system prints it: in its zone, to the second."""
        return instant.astimezone(self._zone).isoformat(timespec="seconds")

    def time_of(self, value: object) -> datetime:
        """Read a time as the system does: without time and zone it is midnight UTC. Raises ValueError."""
        parsed = datetime.fromisoformat(str(value).strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed

    def keep(self, path: str, document: Document) -> Document:
        if path in self._shown_homes:
            self.reference_revision += 1
        return self.collections[path].put(document)

    def inner_id(self) -> int:
        self.next_inner_id += 1
        return self.next_inner_id - 1

    def live(self, model_name: str, value: Document) -> Document:
        """Return what a reference means now, or the reference itself when it means nothing we hold."""
        home = HOME.get(model_name)
        found = self.collections[home].get(value.get("id")) if home else None
        return value if found is None else found

    def user(self, login: str) -> Document:
        """Return a reference to the user with that login, known or not."""
        found = self.collections["users"].find("login", login)
        return {"id": found[0]["id"]} if found else {"login": login}

    # -- references ------------------------------------------------------------------------------

    def find(self, model: Model, value: Mapping[str, Any]) -> Document | None:
        """Return the one document that has all the keys in `value`; None when there is none."""
        collection = self.collections[HOME[model.name]]
        given = {key: value[key] for key in model.keys if value.get(key) is not None}
        is_odd = any(
            isinstance(v, (dict, list)) and model.attributes[k].kind != "one" for k, v in given.items()
        )
        if not given or is_odd:
            return None
        if "id" in given:
            by_id = collection.get(given["id"])
            candidates: Iterable[Document] = [] if by_id is None else [by_id]
        else:
            key = next((one for one in given if collection.is_indexed(one)), None)
            candidates = collection if key is None else collection.find(key, given[key])
        return next((one for one in candidates if self._has_keys(model, one, given)), None)

    def resolve(self, attribute: Attribute, value: object) -> Document:
        """Return `value` as a reference that carries an id; raise RefusedError when it means nothing."""
        model = MODELS[attribute.model]
        if not isinstance(value, dict):
            raise RefusedError(f"{attribute.name} is not a reference")
        value = {dashed(name): part for name, part in value.items()}
        if attribute.model not in HOME:
            return value
        found = self.find(model, value)
        if found is None or not _is_active(found):
            keys = {k.replace("-", "_"): v for k, v in value.items() if k in model.keys}
            shown = ", ".join(f'"{key}"=>{_quoted(part)}' for key, part in keys.items())
            possible = ", ".join(f'"{key.replace("-", "_")}"' for key in model.keys)
            raise RefusedError(
                f"Unable to find valid {model.title} record for {attribute.name.replace('-', '_')} "
                f"with keys {{{shown}}}. Possible keys are [{possible}]. Please verify your xml."
            )
        return {"id": found["id"]}

    def _has_keys(self, model: Model, document: Document, given: Mapping[str, Any]) -> bool:
        for key, wanted in given.items():
            held = document.get(key)
            attribute = model.attributes[key]
            if attribute.kind == "one" and isinstance(wanted, dict) and isinstance(held, dict):
                inner = MODELS[attribute.model]
                wanted = {dashed(name): part for name, part in wanted.items() if dashed(name) in inner.keys}
                if not self._has_keys(inner, self.live(attribute.model, held), wanted):
                    return False
            elif held != wanted:
                return False
        return True

    # -- taking in what happened by other means ---------------------------------------------------

    def tidy(self, model: Model, document: Mapping[str, Any]) -> Document:
        """Return a document in the kept form. What cannot be read stays as it is: bad data happens."""
        tidied = {}
        for name, value in document.items():
            name = dashed(name)
            attribute = model.attributes.get(name)
            tidied[name] = value if attribute is None or value is None else self._tidy(attribute, value)
        return tidied

    def _tidy(self, attribute: Attribute, value: Any) -> Any:
        if attribute.kind == "decimal" and isinstance(value, (int, Decimal)):
            return decimal_text(value, attribute.places)
        if attribute.kind == "time":
            try:
                instant = value if isinstance(value, datetime) else self.time_of(value)
            except ValueError:
                return value
            return self.time_text(instant)
        if attribute.kind == "one" and isinstance(value, Mapping):
            model = MODELS[attribute.model]
            reference = self.tidy(model, value)
            found = self.find(model, reference) if attribute.model in HOME else None
            return reference if found is None else {"id": found["id"]}
        if attribute.kind == "many" and isinstance(value, (list, tuple)):
            model = MODELS[attribute.model]
            rows = [self.tidy(model, one) if isinstance(one, Mapping) else one for one in value]
            return [self._with_id(model, one) if isinstance(one, dict) else one for one in rows]
        return value

    def _with_id(self, model: Model, row: Document) -> Document:
        if "id" not in model.attributes or row.get("id") is not None or model.name in HOME:
            if isinstance(row.get("id"), int):
                self.next_inner_id = max(self.next_inner_id, row["id"] + 1)
            return row
        return {"id": self.inner_id()} | {name: value for name, value in row.items() if name != "id"}

    # -- showing ----------------------------------------------------------------------------------

    def show(
        self, model: Model, document: Mapping[str, Any], shape: Shape | None, *, has_deleted: bool = False
    ) -> Document:
        """Return what an answer says about a document."""
        wanted = _whole(model) if shape is None else shape
        shown = {}
        for name, inner in wanted:
            attribute = model.attributes.get(name)
            if attribute is None:
                if name in document:
                    shown[name] = document[name]
                continue
            shown[name] = self._show_value(attribute, document.get(name), inner, has_deleted)
        if shape is None:
            shown |= {name: value for name, value in document.items() if name not in model.attributes}
        if model.name == "supplier_information":
            return {name: value for name, value in shown.items() if value is not None}
        return shown

    def _show_value(self, attribute: Attribute, value: Any, inner: Shape | None, has_deleted: bool) -> Any:
        if attribute.kind == "one":
            return self._show_reference(attribute, value, inner)
        if attribute.kind == "many":
            model = MODELS[attribute.model]
            rows = value if isinstance(value, list) else []
            shown = [
                self._show_row(model, row, inner)
                for row in rows
                if has_deleted or not (isinstance(row, dict) and row.get("status") == DELETED)
            ]
            return {"payments": {"payment": shown}} if self._wraps(attribute) else shown
        if attribute.kind == "free" and attribute.name == "custom-fields":
            value = value or {}
            return {n: value[n] for n, _ in inner if n in value} if inner else value
        return value

    def _wraps(self, attribute: Attribute) -> bool:
        return self.wraps_payments and attribute.model == "payment"

    def _show_row(self, model: Model, row: Any, shape: Shape | None) -> Any:
        if not isinstance(row, dict):
            return row
        if shape is None and model.name in HOME:
            return self._stub(model, row)
        return self.show(model, self.live(model.name, row), shape)

    def _show_reference(self, attribute: Attribute, value: Any, inner: Shape | None) -> Any:
        if not isinstance(value, dict):
            return value
        model = MODELS[attribute.model]
        if inner:
            return self.show(model, self.live(attribute.model, value), inner)
        return self._stub(model, value) if attribute.model in HOME else value

    def _stub(self, model: Model, value: Document) -> Document:
        live = self.live(model.name, value)
        if live is value:
            return value
        stub = {}
        for name in model.stub:
            part = live.get(name)
            if part is not None:
                attribute = model.attributes[name]
                stub[name] = self._show_reference(attribute, part, None) if attribute.kind == "one" else part
        return stub

    # -- state ------------------------------------------------------------------------------------

    def dump(self) -> Document:
        return {
            "next_inner_id": self.next_inner_id,
            "collections": {path: one.dump() for path, one in self.collections.items()},
        }

    def load(self, state: Mapping[str, Any]) -> None:
        self.next_inner_id = state["next_inner_id"]
        for path, collection in self.collections.items():
            collection.load(state["collections"].get(path, {"next_id": 1, "documents": []}))
        self.reference_revision += 1

    def lines(self, orders: Iterable[Document] | None = None) -> Iterator[Document]:
        """Walk the lines of all orders, or of these, by their place in them."""
        for order in self.collections["purchase_orders"] if orders is None else orders:
            lines = order.get("order-lines")
            for line in lines if isinstance(lines, list) else ():
                if isinstance(line, dict) and line.get("status") != DELETED:
                    yield line


_WHOLE: dict[str, Shape] = {}


def _whole(model: Model) -> Shape:
    shape = _WHOLE.get(model.name)
    if shape is None:
        shape = _WHOLE[model.name] = tuple((name, None) for name in model.attributes)
    return shape


def _is_active(document: Mapping[str, Any]) -> bool:
    return document.get("active") is not False and document.get("status") != "inactive"


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).replace("'", '"')
