"""Every pair of suppliers that may be one, out of a whole file, without comparing all with all.

Two are compared when they share the whole normal form, a postcode, a tax id, a bank account, or the beginning or the ends
of a rare word within one town. Where neither postcode nor town can be compared, one of the two rarest words is enough, or either
end of the rarest with the next one's beginning: a slip spoils one of the two. Elsewhere only equal names could score enough, and those
are found anyway.

Blocks are filled first and read afterwards: most have one supplier, and cost nothing more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import Final, NamedTuple

from finsync_tui.suppliers.comparing import WORTH_A_LOOK, Form, ratio, score

CROWDED, CROWDED_WORDS, CROWDED_CERTAIN = 40, 15, 400
"""A block of more suppliers than this says nothing and is not looked into; one of whole names or proofs says more."""
BEGINNING: Final = 4
RARE_WORDS_IN_TOWN, IN_TOWN = 2, 4
"""Within a town fewer letters of more words are enough."""
TOWN_ENDS: Final = 3
COMMON_IN_TOWN: Final = 200
"""Of a word that more suppliers have, the first letter of the rarest has to agree, too."""
AT_BEGINNING: Final = 2
"""Letters of the second rarest word that have to agree beside one end of the rarest."""
COMMON: Final = 60
"""A word that more suppliers have finds nobody by itself."""
COMPLETE: Final = 3
WORTH_WITHOUT_PLACE: Final = 78.0
"""Without postcode or town to compare, names with less in common can't score enough."""


class Blocks:
    """Suppliers by what they share. Most share nothing, so that the first of a block stands by itself until a second comes."""

    __slots__ = ("first", "shared")

    def __init__(self) -> None:
        self.first: dict[str, int] = {}
        self.shared: dict[str, list[int]] = {}

    def enter(self, keys: Iterable[str], place: int) -> None:
        first, shared = self.first, self.shared
        for key in keys:
            earliest = first.setdefault(key, place)
            if earliest != place:
                block = shared.get(key)
                if block is None:
                    shared[key] = [earliest, place]
                else:
                    block.append(place)

    def join(self, key: str, place: int) -> None:
        """Add one to a block that is there."""
        block = self.shared.get(key)
        if block is None:
            self.shared[key] = [self.first[key], place]
        else:
            block.append(place)


class Pair(NamedTuple):
    """Two suppliers by their places, the later one first, and how alike they are."""

    one: int
    other: int
    score: float


def pairs(forms: Sequence[Form], cutoff: float) -> Iterator[Pair]:
    """Yield all pairs that score `cutoff` or more, each once, in the order of the file."""
    counts = Counter(chain.from_iterable([form.words for form in forms]))
    certain, near, apart = Blocks(), Blocks(), Blocks()
    complete: list[tuple[int, Sequence[str]]] = []
    known = bytearray()
    asked: set[str] = set()
    hints: set[str] = set()
    for place, (text, words, joined, _, _, _, postcode, town, tax_ids, _, accounts) in enumerate(forms):
        rarest = words if len(words) < 2 else sorted(words, key=counts.__getitem__)
        keys = [text] if len(words) < 2 else [text, joined]
        if tax_ids or accounts:
            keys += ["!" + one for one in (*tax_ids, *accounts)]
        certain.enter(keys, place)
        near.enter(_near_keys(postcode, town, rarest, counts), place)
        if postcode and town:
            known.append(COMPLETE)
            complete.append((place, rarest))
            continue
        known.append(1 if postcode else 2 if town else 0)
        keys = _apart_keys(rarest, counts)
        apart.enter(keys, place)
        if not known[-1]:
            asked.update(keys)
            hints.update(_hints(rarest))
    for place, some in complete:  # found by their place, but by those that have none
        if not hints.isdisjoint(_hints(some)):
            for key in asked.intersection(_apart_keys(some, counts)):
                apart.join(key, place)
    count = len(forms)
    sure = _codes(certain, CROWDED_CERTAIN, count)
    together = _codes(near, CROWDED, count) - sure
    sure.update(_worth_a_look(forms, together, count))
    without = _codes_apart(apart, known, count) - sure - together
    sure.update(_worth_apart(forms, without, count))
    for code in sorted(sure):
        one, other = divmod(code, count)
        found = score(forms[one], forms[other], cutoff)
        if found:
            yield Pair(one, other, found)


def _codes(blocks: Blocks, crowded: int, count: int) -> set[int]:
    """Return the pairs of all blocks, each as one number, the later supplier first."""
    found: set[int] = set()
    for block in blocks.shared.values():
        if len(block) == 2:
            found.add(block[1] * count + block[0])
        elif len(block) <= crowded:
            found.update([b * count + a for a, b in combinations(block, 2) if a != b])
    return found


def _codes_apart(blocks: Blocks, known: Sequence[int], count: int) -> set[int]:
    """Return the pairs of all blocks that have neither postcode nor town to compare."""
    found: set[int] = set()
    for block in blocks.shared.values():
        if len(block) <= CROWDED_WORDS:
            found.update(
                [
                    b * count + a if a < b else a * count + b
                    for a, b in combinations(block, 2)
                    if not known[a] & known[b] and a != b
                ]
            )
    return found


def _worth_a_look(forms: Sequence[Form], codes: Iterable[int], count: int) -> list[int]:
    """Return those whose names are not quite different: by far the most are. Words in order, or run together as written."""
    alike = ratio()
    found: list[int] = []
    for code in codes:
        one, other = forms[code // count], forms[code % count]
        if alike(one[0], other[0], score_cutoff=WORTH_A_LOOK) or alike(
            one[2], other[2], score_cutoff=WORTH_A_LOOK
        ):
            found.append(code)
    return found


def _worth_apart(forms: Sequence[Form], codes: Iterable[int], count: int) -> list[int]:
    alike = ratio()
    return [
        code
        for code in codes
        if alike(forms[code // count][0], forms[code % count][0], score_cutoff=WORTH_WITHOUT_PLACE)
        or alike(forms[code // count][2], forms[code % count][2], score_cutoff=WORTH_WITHOUT_PLACE)
    ]


def _near_keys(postcode: str, town: str, rarest: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """Return the postcode, and words within the town."""
    near = ["#" + postcode] if postcode else []
    if town and rarest:  # a slip in the town spoils its beginning or its end
        first, at = rarest[0], "@" + town[:TOWN_ENDS]
        near += (first[:IN_TOWN] + at, ends(first) + town[-TOWN_ENDS:])
        if len(rarest) > 1:
            second = rarest[1]
            near.append(second[:IN_TOWN] + (at if counts[second] <= COMMON_IN_TOWN else first[0] + at))
    return near


def _apart_keys(rarest: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """Return the two rarest words, those of them that another supplier has too, and both ends of the rarest."""
    keys = [word for word in rarest[:2] if 1 < counts[word] <= COMMON]
    if rarest:
        first = rarest[0]
        if len(rarest) > 1:
            second = rarest[1]
            also = "~" + second[:AT_BEGINNING]
            keys += (
                first[:IN_TOWN] + also,
                also + first[-IN_TOWN:],
                second[:IN_TOWN] + "~" + first[:AT_BEGINNING],
            )
        else:
            keys += (first[:IN_TOWN] + "~", "~" + first[-IN_TOWN:])
    return keys


def _hints(rarest: Sequence[str]) -> tuple[str, ...]:
    """Return what the keys of a name begin with: nobody who shares none of these shares a key."""
    if not rarest:
        return ()
    first = rarest[0]
    if len(rarest) < 2:
        return (first, first[:IN_TOWN] + "~", "~" + first[-IN_TOWN:])
    return (first, rarest[1], first[:IN_TOWN], first[-IN_TOWN:] + "~~", rarest[1][:IN_TOWN])


def ends(word: str) -> str:
    """Return the first and the last letters of a word: a slip in its middle leaves them."""
    return f"{word[0]}~{word[-IN_TOWN + 1 :]}"
