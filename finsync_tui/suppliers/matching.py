"""Every pair of suppliers that may be one, out of a whole file, without comparing all with all.

Two are compared when they share the whole normal form, a postcode, a tax id, a bank account, or the beginning or the ends
of a rare word within one town. Where postcode or town are not known on one side, one of the two rarest words is enough.
Elsewhere only equal names could score enough, and those are found anyway.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from finsync_tui.suppliers.comparing import WORTH_A_LOOK, Form, extract, ratio, score

CROWDED, CROWDED_WORDS, CROWDED_CERTAIN = 40, 15, 400
"""A block of more suppliers than this says nothing and is not looked into; one of whole names or proofs says more."""
BEGINNING: Final = 4
BEGINNING_TOGETHER: Final = 8
RARE_WORDS_IN_TOWN, IN_TOWN = 2, 4
"""Within a town fewer letters of more words are enough."""


class Pair(NamedTuple):
    """Two suppliers by their places, the later one first, and how alike they are."""

    one: int
    other: int
    score: float


def pairs(forms: Sequence[Form], cutoff: float) -> Iterator[Pair]:
    """Yield all pairs that score `cutoff` or more, each once, in the order of the file."""
    counts = Counter(chain.from_iterable([form.words for form in forms]))
    texts = [form.text for form in forms]
    asked_by_words = {
        key
        for form in forms
        if not form.postcode and not form.town
        for key in _word_keys(_rarest(form, counts), counts)
    }
    whole: dict[str, list[int]] = {}
    proofs: dict[str, list[int]] = {}
    near: dict[str, list[int]] = {}
    together_as: dict[str, list[int]] = {}
    by_words: tuple[dict[str, list[int]], ...] = ({}, {}, {}, {})
    for place, form in enumerate(forms):
        rarest = _rarest(form, counts)
        known = (1 if form.postcode else 0) + (2 if form.town else 0)
        sure: set[int] = set()
        _look_and_enter(whole, (form.text,), CROWDED_CERTAIN, sure, place)
        if form.tax_ids or form.accounts:
            _look_and_enter(proofs, form.tax_ids | form.accounts, CROWDED_CERTAIN, sure, place)
        alike: set[int] = set()
        words: Collection[str] = _word_keys(rarest, counts)
        if known == COMPLETE:  # only what can ask by words alone is found by them, and has to find this one
            words = asked_by_words.intersection(words)
        if words:
            for partner in _PARTNERS[known]:
                _look(by_words[partner], words, alike)
            _enter(by_words[known], words, place)
        together: set[int] = set()
        _look_and_enter(near, _near_keys(form, rarest), CROWDED, together, place)
        together -= sure
        written_alike = together_as.setdefault(form.joined[:BEGINNING_TOGETHER], [])
        if together:
            sure.update(
                together.intersection(written_alike)
            )  # `Blue Stone` and `Bluestone`: as texts they differ much
            sure.update(_worth_a_look(form.text, together, texts, WORTH_A_LOOK))
        written_alike.append(place)
        alike -= sure
        if alike:
            sure.update(_worth_a_look(form.text, alike, texts, WORTH_WITHOUT_PLACE))
        sure.discard(place)
        if sure:
            scored = [(other, score(form, forms[other], cutoff)) for other in sorted(sure)]
            yield from [Pair(place, other, found) for other, found in scored if found]


def _worth_a_look(text: str, candidates: Collection[int], texts: Sequence[str], cutoff: float) -> list[int]:
    """Return the candidates whose names are not quite different: by far the most are, and one call sees many at once."""
    if len(candidates) <= FEW:
        alike = ratio()
        return [other for other in candidates if alike(text, texts[other], score_cutoff=cutoff)]
    numbers = list(candidates)
    some = [texts[other] for other in numbers]
    return [
        numbers[at] for _, _, at in extract()(text, some, scorer=ratio(), score_cutoff=cutoff, limit=None)
    ]


FEW: Final = 4
"""So many names are compared sooner one by one than put together for one call."""
COMPLETE: Final = 3
WORTH_WITHOUT_PLACE: Final = 78.0
"""Without postcode or town to compare, names with less in common can't score enough."""
_PARTNERS: Final = {0: (0, 1, 2, 3), 1: (0, 2), 2: (0, 1), 3: (0,)}
"""Of what is known of a supplier (1 the postcode, 2 the town): what may be known of those that words alone find for it,
so that neither postcode nor town can be compared."""


def _look_and_enter(
    blocks: dict[str, list[int]], keys: Iterable[str], crowded: int, found: set[int], place: int
) -> None:
    for key in keys:
        block = blocks.get(key)
        if block is None:
            blocks[key] = [place]
        elif len(block) <= crowded:
            found.update(block)
            block.append(place)


def _look(blocks: Mapping[str, list[int]], keys: Iterable[str], found: set[int]) -> None:
    for key in keys:
        block = blocks.get(key)
        if block is not None and len(block) <= CROWDED_WORDS:
            found.update(block)


def _enter(blocks: dict[str, list[int]], keys: Iterable[str], place: int) -> None:
    for key in keys:
        block = blocks.get(key)
        if block is None:
            blocks[key] = [place]
        elif len(block) <= CROWDED_WORDS:
            block.append(place)


def _near_keys(form: Form, rarest: Sequence[str]) -> list[str]:
    """Return the postcode, and words within the town."""
    near = ["#" + form.postcode] if form.postcode else []
    if form.town:
        town = "@" + form.town
        near += [word[:IN_TOWN] + town for word in rarest[:RARE_WORDS_IN_TOWN]]
        if rarest:
            near.append(ends(rarest[0]) + town)
    return near


def ends(word: str) -> str:
    """Return the first and the last letters of a word: a slip in its middle leaves them."""
    return f"{word[0]}~{word[-IN_TOWN + 1 :]}"


def _word_keys(words: Sequence[str], counts: Mapping[str, int]) -> Sequence[str]:
    """Return the two rarest words, those of them that another supplier has too: by these it is found wherever it is."""
    return [word for word in words[:2] if counts[word] > 1]


def _rarest(form: Form, counts: Mapping[str, int]) -> Sequence[str]:
    """Return the words of a name, the rarest first; `counts` says how many suppliers have each."""
    return form.words if len(form.words) < 2 else sorted(form.words, key=counts.__getitem__)
