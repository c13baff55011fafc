"""What merging a double into a supplier changes, in which system; and how it is taken back. Looking writes nothing.

A double goes inactive in its own system; documents find the one that stays. What is under way with the double is kept:
it goes on with it, and the double stays active until the last of it has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.profile import Profile
from finsync_tui.profile.capabilities import takes
from finsync_tui.suppliers import accounts, persons, searching
from store import crossrefs, golden_suppliers, records, supplier_answers
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier
from store.clock import instant, text
from store.columns import encode, from_json
from store.crossrefs import Crossref
from store.errors import NotAllowedError, NotFoundError
from store.outbox import Delivery
from store.proposals import Rule

SHOWN_STATUS: Final = ("InactiveDate", "status")
"""In which attributes systems say more of a status than ours do."""
CHANGE: Final = "supplier.change"
ENTITY: Final = Supplier.entity


@dataclass(frozen=True, slots=True)
class Ending:
    """A double that becomes inactive, and the record of the same system that stays."""

    key: str
    number: str
    name: str
    status: str
    keep: str


@dataclass(frozen=True, slots=True)
class Relink:
    """A link that leads somewhere else afterwards; without `before` it is new."""

    document_key: str
    system: str
    external_id: str
    number: str | None
    before: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Payment:
    """Whose bank accounts documents of a double are paid to: as far as these may be shown, in one system."""

    key: str
    keep: str
    accounts: tuple[str, ...]
    """What the double's documents were paid to."""
    accounts_then: tuple[str, ...]
    """What they are paid to afterwards: the accounts of the one that stays."""
    is_other: bool
    """Some of these accounts are not the double's, however alike they look."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a merge changes."""

    keep: str
    double: str
    endings: tuple[Ending, ...]
    left: tuple[tuple[str, str], ...]
    """Doubles that stay as they are in their system, and why."""
    relinks: tuple[Relink, ...]
    said: str | None
    """What a person had said of the two before."""
    payments: tuple[Payment, ...] = ()

    @property
    def body(self) -> str:
        """What its persons sign."""
        return encode(asdict(self)).decode()


def plan(db: Connection, profile: Profile, keep: str, double: str) -> Plan:
    """Return what merging `double` into `keep` changes. Raises NotFoundError or NotAllowedError with the reason.

    With the double go the records that are it in other systems, where the one that stays has a record of its own there: all
    that its golden record holds; or, where both are one golden record by now, those that it is linked with and the one that
    stays is not. A record without its like beside the one that stays is nobody's double: it stays, and joins.
    """
    kept, gone = _held(db, keep), _held(db, double)
    if keep == double:
        raise NotAllowedError(f"{keep} is one supplier already. Nothing was changed. Name two.")
    for key, one in ((keep, kept), (double, gone)):
        if one.kind not in searching.COMPARED_KINDS:
            raise NotAllowedError(
                f"{key} is {one.kind.replace('_', ' ')}: such suppliers are nobody's doubles. Nothing was changed."
            )
    if kept.status == "inactive":
        raise NotAllowedError(
            f"{keep} is inactive and can't stand for {double}. Nothing was changed. Merge the other way round, or activate it."
        )
    ids = golden_suppliers.of_keys(db, [keep, double])
    staying = _members(db, ids.get(keep), keep)
    twins = accounts.linked(db, keep)
    if ids.get(keep) == ids.get(double):
        going = sorted({double, *(accounts.linked(db, double) - twins)} - {keep})
    else:
        going = _members(db, ids.get(double), double)
    records_of = golden_suppliers.newest(db, [*staying, *going])
    near = sorted((one for one in staying if one not in going), key=lambda one: (one not in twins, one))
    instead = {
        key: stays
        for key in going
        if key in records_of and (stays := _survivor(key, keep, near, records_of)) is not None
    }
    endings, left = _endings(profile, instead, records_of)
    return Plan(
        keep, double, tuple(endings), tuple(left), tuple(_relinks(db, instead)),
        supplier_answers.answered(db, [supplier_answers.ordered(keep, double)]).get(
            supplier_answers.ordered(keep, double)
        ),
        tuple(_payment(db, key, stays) for key, stays in sorted(instead.items())),
    )  # fmt: skip


def _payment(db: Connection, key: str, keep: str) -> Payment:
    mine, theirs = accounts.of_supplier(db, key), accounts.of_supplier(db, keep)
    return Payment(
        key, keep, tuple(one.masked for one in mine), tuple(one.masked for one in theirs),
        {one.fingerprint for one in mine} != {one.fingerprint for one in theirs},
    )  # fmt: skip


def rule(db: Connection, profile: Profile, made: Mapping[str, Any]) -> Rule:
    """Return how many persons a merge takes, by the accounts that the store holds: whoever wrote a plan into the file does not
    say whose signature it needs."""
    moved = {(one["keep"], one["key"]) for one in made.get("payments", ())}
    for one in made["relinks"]:
        before = one["before"]["external_id"] if one["before"] else None
        was = f"{one['system']}:{before}" if before is not None else one["document_key"]
        moved.add((f"{one['system']}:{one['external_id']}", was))
    return persons.to_join(db, profile, pairs(made) | moved)


def gap(made: Mapping[str, Any]) -> str | None:
    """Say of which double a plan does not name the accounts that its documents are paid to; None: of each it does."""
    named = {one["key"]: one["keep"] for one in made.get("payments", ())}
    for one in made["endings"]:
        if named.get(one["key"]) != one["keep"]:
            return f"its plan does not say which accounts documents of {one['key']} are paid to afterwards"
    for key, _ in made.get("left", ()):
        if key not in named:
            return f"its plan does not say which accounts documents of {key} are paid to afterwards"
    return None


def outdated(db: Connection, made: Mapping[str, Any]) -> str | None:
    """Say why a plan does not fit any more; None: links and accounts are as it says."""
    for one in made["relinks"]:
        link = crossrefs.get(db, ENTITY, one["document_key"], one["system"])
        if (None if link is None else _as_data(link)) != one["before"]:
            return f"the link of {one['document_key']} to {one['system']} is another one by now"
    for one in made.get("payments", ()):
        now_paid = asdict(_payment(db, one["key"], one["keep"]))
        if encode(now_paid) != encode(one):
            return f"the bank accounts of {one['key']} or {one['keep']} are others by now"
    return None


def _members(db: Connection, golden_id: int | None, key: str) -> list[str]:
    return [key] if golden_id is None else golden_suppliers.keys_of(db, [golden_id])


def _survivor(
    key: str, keep: str, staying: Sequence[str], known: Mapping[str, golden_suppliers.Newest]
) -> str | None:
    """Return which record of its own system stands for a double: the one named, else the first active one."""
    system = RecordKey.parse(key).system
    near = [one for one in staying if RecordKey.parse(one).system == system and one in known]
    if keep in near:
        return keep
    active = [one for one in near if known[one].body.get("status") == "active"]
    return active[0] if active else None


def _endings(
    profile: Profile, instead: Mapping[str, str], known: Mapping[str, golden_suppliers.Newest]
) -> tuple[list[Ending], list[tuple[str, str]]]:
    endings, left = [], []
    for key, keep in sorted(instead.items()):
        body, system = known[key].body, RecordKey.parse(key).system
        if body["status"] == "inactive":
            left.append((key, "it is inactive already"))
        elif not takes(profile, system, CHANGE):
            left.append((key, f"{system} takes no changes of suppliers: make it inactive there by hand"))
        else:
            endings.append(
                Ending(key, str(body.get("number") or ""), str(body["name"]), str(body["status"]), keep)
            )
    return endings, left


def _relinks(db: Connection, instead: Mapping[str, str]) -> list[Relink]:
    """What led to a double leads to the one that stays; what the double led to, the one that stays leads to as well."""
    found: dict[tuple[str, str], Relink] = {}
    for key, keep in sorted(instead.items()):
        stays = RecordKey.parse(keep)
        number = _held(db, keep).number or None
        for link in crossrefs.leading_to(db, ENTITY, *RecordKey.parse(key)):
            found[link.document_key, link.system] = Relink(
                link.document_key, link.system, stays.external_id, number, _as_data(link)
            )
    for key, keep in sorted(instead.items()):
        of_keep = {link.system: link for link in crossrefs.of(db, ENTITY, keep)}
        for link in crossrefs.of(db, ENTITY, key):
            after = found.get((key, link.system))
            theirs = of_keep.get(link.system)
            if theirs is None:
                to = (after.external_id, after.number) if after else (link.external_id, link.number)
                found.setdefault((keep, link.system), Relink(keep, link.system, *to, None))
            elif after is None and theirs.external_id != link.external_id:
                moved = found.get((keep, link.system))
                to = (moved.external_id, moved.number) if moved else (theirs.external_id, theirs.number)
                found[key, link.system] = Relink(key, link.system, *to, _as_data(link))
    return [found[one] for one in sorted(found)]


def apply(
    db: Connection, made: Mapping[str, Any], *, by: str, reason: str, now: datetime, agreed: int | None = None
) -> dict[str, Any] | str:
    """Say that the two are one and let their links lead to the one that stays; return what is needed to take it back, or
    why the plan does not fit any more."""
    problem = gap(made) or outdated(db, made)
    if problem is not None:
        return problem
    for one in made["relinks"]:
        crossrefs.link(
            db, ENTITY, one["document_key"], one["system"], one["external_id"], number=one["number"], why="merged",
            linked_at=now,
        )  # fmt: skip
    answers = []
    for one, other in sorted(pairs(made)):
        before = supplier_answers.newest_id(db, one, other)
        supplier_answers.answer(db, one, other, "same", by=by, at=now, reason=reason, proposal_id=agreed)
        answers.append([supplier_answers.newest_id(db, one, other), before])
    return {"answers": answers}


def pairs(made: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return of which two suppliers each a plan says that they are one."""
    return {(made["keep"], made["double"]), *((one["keep"], one["key"]) for one in made["endings"])}


def touched(made: Mapping[str, Any]) -> set[str]:
    """Return what a merge changes: the links that lead elsewhere, the records that end, and of which two it says what."""
    return {
        *(f"{one['document_key']} in {one['system']}" for one in made["relinks"]),
        *(one["key"] for one in made["endings"]),
        *(f"{one} {other}" for one, other in pairs(made)),
    }


def take_back(db: Connection, made: Mapping[str, Any], applied: Mapping[str, Any]) -> list[str]:
    """Let links and answers be what they were; return what somebody has changed since, which stays as they left it."""
    kept: list[str] = []
    for one in made["relinks"]:
        link = crossrefs.get(db, ENTITY, one["document_key"], one["system"])
        if link is None or link.external_id != one["external_id"]:
            kept.append(f"the link of {one['document_key']} to {one['system']} was changed since")
        elif one["before"] is None:
            crossrefs.unlink(db, ENTITY, one["document_key"], one["system"])
        else:
            crossrefs.put_back(db, _as_link(one["before"]))
    for given, before in applied.get("answers", []):
        if not supplier_answers.take_back(db, given, before):
            kept.append("a newer answer about the two stands")
    return kept


def change_body(
    db: Connection, key: str, status: str, now: datetime, *, ended: Delivery | None = None
) -> dict[str, Any]:
    """Return the request that gives a supplier this status and changes nothing else of it. `ended`: the delivery that this takes
    back. What was there then may say more than a status: a day on which it ends, or one of several words for a draft."""
    record = _held(db, key).model_copy(update={"status": status})
    body: dict[str, Any] = {"supplier": record.model_dump(mode="json"), "fields": ["status"]}
    if status == "inactive":
        body |= {"status": "inactive", "inactive_on": now.date().isoformat()}
    else:
        body |= {"status": "active" if status == "on_hold" else status}
        was = _was(db, key, ended) if ended is not None else None
        if was:
            body["as_in"] = was
    return body


def is_change(
    db: Connection, key: str, body: Mapping[str, Any], status: str, now: datetime, ended: Delivery | None
) -> bool:
    """Say whether a request gives a supplier this status, today or since, and changes nothing else of it: what it brings back
    is what was there when `ended` was sent."""
    asked = {name: body.get(name) for name in ("fields", "status")}
    wanted = {"fields": ["status"], "status": "active" if status == "on_hold" else status}
    allowed = {"supplier", "before", *asked} | (
        {"inactive_on", "version"} if status == "inactive" else {"as_in"}
    )
    return (
        asked == wanted
        and ("as_in" not in body or (ended is not None and body["as_in"] == _was(db, key, ended)))
        and isinstance(body.get("supplier"), Mapping)
        and body["supplier"].get("status") == status
        and body.keys() <= allowed
        and str(body.get("inactive_on", "")) <= now.date().isoformat()
    )


def unrestored(db: Connection, made: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return which doubles a system will not show as before when the merge is undone, and what it will show instead.

    A vendor of Concur Invoice may say nothing of `Approved`, which counts as approved; no call is known that takes a stated value away.
    """
    found = []
    for one in made["endings"]:
        row = records.payload(db, ENTITY, *RecordKey.parse(one["key"]))
        if row is None or b'"VendorCode"' not in row[0]:
            continue  # no vendor of Concur, or no JSON at all: what a system answered is kept as it came
        held = from_json(row[0])
        if isinstance(held, dict) and "VendorCode" in held and held.get("Approved") is None:
            found.append(
                (one["key"], "undone later, its Approved is Y where it says nothing now: that means the same")
            )
    return found


def _was(db: Connection, key: str, ended: Delivery) -> dict[str, Any] | None:
    """Return what a system had shown of a supplier when it was asked to end it: as it answered, else as it was read last."""
    was = ((ended.receipt or {}).get("answer") or {}).get("was")
    if was is None:
        version = from_json(ended.body).get("version")
        row = records.payload(db, ENTITY, *RecordKey.parse(key), version) if version is not None else None
        was = from_json(row[0]) if row is not None else None
    return {name: was[name] for name in SHOWN_STATUS if name in was} if isinstance(was, dict) else None


def _held(db: Connection, key: str) -> Supplier:
    system, _, external_id = key.partition(":")  # as a person typed it
    found = records.get(db, Supplier, system, external_id)
    if found is None:
        raise NotFoundError(
            "supplier", key, "`finsync supplier list` shows them by their keys, e.g. coupa:88."
        )
    return found.record


def _as_data(link: Crossref) -> dict[str, Any]:
    return {**asdict(link), "linked_at": text(link.linked_at)}


def _as_link(data: Mapping[str, Any]) -> Crossref:
    return Crossref(**{**data, "linked_at": instant(data["linked_at"])})
