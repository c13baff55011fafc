"""The limit that supplier matching is compared with: names put plainly into a normal form, blocked, compared by letters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

from rapidfuzz import fuzz

from benchmarks.supplier_truth import Row

CROWDED = 60
CUTOFF = 84.0
_NOT_WORD = re.compile(r"[^\w]+")
_FORM_WORDS = "gmbh ag kg ltd limited inc llc corp co sa sarl sas srl spa bv nv ab oy as plc"
_FORMS = frozenset(_FORM_WORDS.split())


def pairs(rows: Sequence[Row]) -> dict[tuple[int, int], float]:
    """Return the pairs that score enough, with the score."""
    names = [normal(row.name) for row in rows]
    counts = Counter(word for name in names for word in name)
    blocks: defaultdict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        for word in sorted(set(name), key=counts.__getitem__)[:2]:
            blocks[word].append(place)
            blocks[f"{word[:4]}*"].append(place)
        if rows[place].postcode:
            blocks[f"#{rows[place].postcode}"].append(place)
    texts = [" ".join(name) for name in names]
    found: dict[tuple[int, int], float] = {}
    seen: set[tuple[int, int]] = set()
    for block in blocks.values():
        if len(block) > CROWDED:
            continue
        for at, one in enumerate(block):
            for other in block[at + 1 :]:
                pair = (one, other) if one < other else (other, one)
                if pair not in seen:
                    seen.add(pair)
                    score = fuzz.ratio(texts[one], texts[other], score_cutoff=CUTOFF)
                    if score:
                        found[pair] = score
    return found


def normal(name: str) -> list[str]:
    """Return the words of a name, legal forms out, in order of the alphabet."""
    shown = unicodedata.normalize("NFKD", name.lower())
    shown = "".join(letter for letter in shown if not unicodedata.combining(letter))
    words = _NOT_WORD.sub(" ", shown).split()
    return sorted([word for word in words if word not in _FORMS] or words)
