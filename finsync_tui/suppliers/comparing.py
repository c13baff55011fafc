"""How alike two suppliers are, from 0 to 100, and why. Pure.

The names give the score; address and country move it. A tax id that agrees proves, one of the same kind and
country that contradicts forbids, and a bank account that agrees nearly proves: two companies of one group may be paid to one account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final, NamedTuple

from finsync_tui.profile.suppliers import DOUBT_MOST
from finsync_tui.suppliers.normal_form import NAMELESS, is_unlike, parts, place
from store.canonical.tax_kinds import key as tax_key
from store.canonical.tax_kinds import kind

PROVEN: Final = 100.0
NAME_CLAIM: Final = 45.0
"""A proof counts by itself only for names that have this much in common; else a person looks."""
DOUBTFUL_PROOF: Final = 85.0
STEEP: Final = 1.4
"""Each point that names differ by takes so many."""
SAME, SLIP, OTHER, NOT_KNOWN = "same", "slip", "other", "not known"
PLACE: Final[Mapping[str, Mapping[str, float]]] = {  # by postcode, then town
    SAME: {SAME: 11.0, SLIP: 11.0, NOT_KNOWN: 9.0, OTHER: 8.0},
    NOT_KNOWN: {SAME: 2.0, SLIP: -2.0, NOT_KNOWN: 0.0, OTHER: -22.0},
    OTHER: {SAME: 0.0, SLIP: -4.0, NOT_KNOWN: -22.0, OTHER: -28.0},
}
SLIP_MIN: Final = 4
"""Letters from which on a town that differs by one of them, or by two that changed places, is taken for the other one."""
COUNTRY_OTHER, COUNTRY_OTHER_SAME_PLACE = -30.0, -4.0
BANK_SAME, BANK_OTHER, BANK_OTHER_ELSEWHERE = 25.0, -2.0, -8.0
UNLIKE_ELSEWHERE: Final = -24.0
"""Of unlike legal forms at places that do not agree: a sister in another town, not the same company."""
NUMBERS_OTHER: Final = -40.0
TAX_ABROAD: Final = -6.0
UNLIKE_MOST: Final = 84.0
"""However alike they are, a GmbH and its GmbH & Co. KG, a company and its holding, a fund II and a fund III score no more: a
person looks."""
UNLIKE_PAID_ELSEWHERE_MOST: Final = 78.0
"""The same, when they are paid to different accounts, too."""
WORTH_A_LOOK: Final = 57.0
"""Names with less in common are not looked at more closely."""
SURE: Final = 92.0
CUT_MIN, CUT_OFF = 12, 92.0
"""Letters from which on a name that begins another is taken for it, cut off."""
MORE_WORDS, ONE_WORD, MORE_WORDS_MOST = 86.0, 80.0, 87.5
"""What a name counts for that has all words of the other and more: of several words, of one alone."""
PLACE_ADDED: Final = 97.0
"""What a name counts for that has only its own town or country more."""
OTHER_WORDS, OTHER_BUSINESS = 62.0, -12.0
WORD_SLIP, WORD_SLIP_COST, WORD_MIN = 75.0, 3.0, 4
"""What two words have in common of which one is the other with a slip, and what each such slip costs."""
WORTH_WORDS: Final = 45.0
"""Words that are not common to both, and as a whole have less in common, hold no such slip."""
RUN_TOGETHER: Final = 97.0
"""What a name counts for two words of which the other one writes as one, wherever they stand."""


class Form(NamedTuple):
    """What of a supplier is compared, ready to compare."""

    text: str
    words: tuple[str, ...]
    joined: str
    numbers: frozenset[str]
    legal: str
    country: str
    postcode: str
    town: str
    tax_ids: frozenset[str]
    """As `store.canonical.tax_kinds` keys them: with country and kind."""
    tax_kinds: frozenset[str]
    accounts: frozenset[str]


class Reason(NamedTuple):
    """One thing that moved a score, in words for a person."""

    what: str
    points: float


_NONE: Final[frozenset[str]] = frozenset()


def form(
    name: str,
    *,
    country: str = "",
    postcode: str = "",
    town: str = "",
    tax_ids: frozenset[str] = _NONE,
    accounts: frozenset[str] = _NONE,
) -> Form:
    """Return what is compared of a supplier."""
    keys = tax_keys(tax_ids, country) if tax_ids else _NONE
    return Form(
        *parts(name),
        country,
        plain(postcode),
        place(town),
        keys,
        kinds(keys),
        accounts,
    )


def plain(text: str) -> str:
    """Return letters and digits only, in upper case."""
    shown = text.upper()
    return shown if shown.isalnum() or not shown else "".join(filter(str.isalnum, shown))


def tax_keys(numbers: Iterable[str], country: str) -> frozenset[str]:
    """Return tax ids as they are compared."""
    return frozenset([tax_key(one, country) for one in numbers])


def kinds(keys: frozenset[str]) -> frozenset[str]:
    """Return of which kinds these numbers are: only numbers of one kind contradict each other."""
    return frozenset(map(kind, keys)) if keys else _NONE


def score(one: Form, other: Form, cutoff: float = 0.0) -> float:
    """Return how alike they are; 0 when that would be below `cutoff` or when they can't be one supplier."""
    if one.tax_ids and other.tax_ids:
        if not one.tax_ids.isdisjoint(other.tax_ids):
            return PROVEN if names(one, other, is_near=True) >= NAME_CLAIM else DOUBTFUL_PROOF
        if not one.tax_kinds.isdisjoint(other.tax_kinds):
            return 0.0
    moved, is_near, most = _moves(one, other)
    if min(PROVEN + moved, most) < cutoff:
        return 0.0
    needed = PROVEN - (PROVEN + moved - cutoff) / STEEP
    found = names(one, other, needed, is_near=is_near)
    total = PROVEN - (PROVEN - found) * STEEP + moved
    if total > UNLIKE_MOST and (
        one.numbers != other.numbers or (one.legal != other.legal and is_unlike(one.legal, other.legal))
    ):
        total = UNLIKE_MOST
    total = min(total, most)
    return 0.0 if total < cutoff or not found else total


def _moves(one: Form, other: Form) -> tuple[float, bool, float]:
    """Return what everything but the names is worth, whether something says that they belong together, and the most that
    the two may score."""
    code = _same(one.postcode, other.postcode)
    town = _same_town(one.town, other.town)
    moved = PLACE[code][town]
    is_near = code is SAME or town is SAME or town is SLIP
    most = DOUBT_MOST if code is OTHER else PROVEN
    if one.country != other.country and one.country and other.country:
        moved += COUNTRY_OTHER_SAME_PLACE if code is SAME else COUNTRY_OTHER
    if one.numbers != other.numbers:
        moved += NUMBERS_OTHER
    if one.accounts and other.accounts:
        if one.accounts.isdisjoint(other.accounts):
            moved, most = moved + (BANK_OTHER if is_near else BANK_OTHER_ELSEWHERE), DOUBT_MOST
            if one.legal != other.legal and is_unlike(one.legal, other.legal):
                most = UNLIKE_PAID_ELSEWHERE_MOST
        else:
            moved, is_near = moved + BANK_SAME, True
    if not is_near and code is town:  # neither can be compared
        most = DOUBT_MOST
    if not is_near and one.legal != other.legal and is_unlike(one.legal, other.legal):
        moved += UNLIKE_ELSEWHERE
    if one.tax_ids and other.tax_ids and one.country != other.country:
        moved += TAX_ABROAD
    if one.text in NAMELESS and other.text in NAMELESS:
        most = UNLIKE_MOST
    return moved, is_near, most


def _same(one: str, other: str) -> str:
    return NOT_KNOWN if not one or not other else SAME if one == other else OTHER


def _same_town(one: str, other: str) -> str:
    found = _same(one, other)
    if (
        found is OTHER
        and min(len(one), len(other)) >= SLIP_MIN
        and one.isalpha()  # `Wien 12` is not `Wien 13`
        and other.isalpha()
        and slips()(one, other, score_cutoff=1) == 1
    ):
        return SLIP
    return found


def explain(one: Form, other: Form) -> tuple[float, tuple[Reason, ...]]:
    """Return the score with what made it, the names first."""
    alike = names(one, other, is_near=True)
    reasons = [
        Reason(f"names {alike:.0f} % alike: {one.text} / {other.text}", PROVEN - (PROVEN - alike) * STEEP)
    ]
    if one.tax_ids and other.tax_ids:
        common = sorted(one.tax_ids & other.tax_ids)
        if common:
            shown = common[0].rpartition(".")[2]
            return score(one, other), (*reasons, Reason(f"the same tax id {shown}: proof", PROVEN))
        if not one.tax_kinds.isdisjoint(other.tax_kinds):
            return 0.0, (*reasons, Reason("other tax ids: they can't be one supplier", -PROVEN))
        is_abroad = one.country != other.country
        what = "tax ids of two countries" if is_abroad else "tax ids of two kinds: they say nothing"
        reasons.append(Reason(what, TAX_ABROAD if is_abroad else 0.0))
    code, town = _same(one.postcode, other.postcode), _same_town(one.town, other.town)
    is_near = code is SAME or town in (SAME, SLIP)
    words = {
        SAME: "the same {0} {1}",
        SLIP: "{0} {1} and {2}, one letter apart",
        OTHER: "{0} {1} and {2}",
        NOT_KNOWN: "no {0} to compare",
    }
    places = [
        words[code].format("postcode", one.postcode, other.postcode),
        words[town].format("town", one.town, other.town),
    ]
    reasons.append(Reason(", ".join(places), PLACE[code][town]))
    if one.country != other.country and one.country and other.country:
        points = COUNTRY_OTHER_SAME_PLACE if code is SAME else COUNTRY_OTHER
        reasons.append(Reason(f"countries {one.country} and {other.country}", points))
    if one.numbers != other.numbers:
        numbers = " and ".join(",".join(sorted(some)) or "none" for some in (one.numbers, other.numbers))
        reasons.append(Reason(f"other numbers in the names: {numbers}", NUMBERS_OTHER))
    if is_unlike(one.legal, other.legal):
        kinds_ = " and ".join(
            each.replace(":", " ").strip() or "none named" for each in (one.legal, other.legal)
        )
        points = 0.0 if is_near else UNLIKE_ELSEWHERE
        reasons.append(Reason(f"other legal forms ({kinds_}): {UNLIKE_MOST:.0f} at most", points))
    if one.accounts and other.accounts:
        is_other = one.accounts.isdisjoint(other.accounts)
        what = "other bank accounts" if is_other else "the same bank account"
        points = BANK_OTHER if is_near else BANK_OTHER_ELSEWHERE
        reasons.append(Reason(what, points if is_other else BANK_SAME))
    if one.text in NAMELESS and other.text in NAMELESS:
        reasons.append(Reason(f"a legal form alone is no name: {UNLIKE_MOST:.0f} at most", 0.0))
    elif _moves(one, other)[2] < PROVEN:
        reasons.append(
            Reason(
                f"other postcodes or bank accounts, and no tax id that agrees: {DOUBT_MOST:.0f} at most", 0.0
            )
        )
    return score(one, other), tuple(reasons)


def names(one: Form, other: Form, cutoff: float = 0.0, *, is_near: bool = False) -> float:
    """Return how alike two names are; 0 when that is below `cutoff`.

    Letters decide first. Where something else says that two belong together, words are looked at too: a name that only has
    more words, or was cut off, is nearly the same; one whose other words are quite different is another business of the
    same family.
    """
    if one.text == other.text or one.joined == other.joined:
        return 100.0
    least = min(cutoff, WORTH_A_LOOK) if is_near else cutoff
    alike = ratio()
    found = alike(one.text, other.text, score_cutoff=least)
    if found < SURE:
        found = max(found, alike(one.joined, other.joined, score_cutoff=max(found, least, WORTH_A_LOOK)))
    if found and is_near and (found < SURE or len(one.words) != len(other.words)):
        found = _by_words(one, other, found)
    return found if found >= cutoff else 0.0


def _by_words(one: Form, other: Form, found: float) -> float:
    mine, theirs = set(one.words), set(other.words)
    rest, others = mine - theirs, theirs - mine
    common = len(mine) - len(rest)
    if not rest or not others:  # one has all words of the other, and more
        return _more_words(one, other, rest or others, common, found)
    short, long = (one, other) if len(one.joined) <= len(other.joined) else (other, one)
    if len(short.joined) >= CUT_MIN and long.joined.startswith(short.joined):
        return max(found, CUT_OFF)
    alike = ratio()(" ".join(sorted(rest)), " ".join(sorted(others)))
    if alike >= WORTH_WORDS:
        if len(rest) + len(others) == 3 and _is_run_together(rest, others):
            return max(found, RUN_TOGETHER)
        slipped = _slipped(rest, others)
        if slipped and (not rest or not others):
            cost = slipped * WORD_SLIP_COST
            if not rest and not others:
                return max(found, PROVEN - 2 * cost)
            return max(_more_words(one, other, rest or others, common + slipped, found - cost) - cost, 0.0)
    return found + OTHER_BUSINESS if common and found < SURE and alike < OTHER_WORDS else found


def _more_words(one: Form, other: Form, more: set[str], common: int, found: float) -> float:
    if all(word in (one.town, other.town, one.country.lower()) for word in more):
        return PLACE_ADDED
    return min(max(found, MORE_WORDS if common > 1 else ONE_WORD), MORE_WORDS_MOST)


def _is_run_together(rest: set[str], others: set[str]) -> bool:
    two, (whole,) = (rest, others) if len(rest) == 2 else (others, rest)
    a, b = sorted(two)
    return any(ratio()(both, whole, score_cutoff=SURE) for both in (a + b, b + a))


def _slipped(rest: set[str], others: set[str]) -> int:
    """Take the words out of both that are one, but for a slip; return how many."""
    count = 0
    for word in sorted(rest):
        if len(word) < WORD_MIN or not others or not word.isascii():  # one sign of a few makes another word
            continue
        nearest = max(others, key=lambda each: (ratio()(word, each), each), default="")
        if len(nearest) >= WORD_MIN and ratio()(word, nearest, score_cutoff=WORD_SLIP):
            rest.remove(word)
            others.remove(nearest)
            count += 1
    return count


@cache
def ratio() -> Callable[..., float]:
    """rapidfuzz is imported when names are first compared: most commands never do."""
    from rapidfuzz import fuzz

    return fuzz.ratio


@cache
def slips() -> Callable[..., int]:
    """How many slips of the fingers make one word the other."""
    from rapidfuzz.distance import OSA

    return OSA.distance
