"""Policies as texts: what is written is read as the same."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from finsync_tui.policies.files import PolicyUnreadableError, problem, read, written
from finsync_tui.policies.model import Case, PolicySetup, Rule

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
RULES = st.builds(
    Rule,
    when=TEXTS,
    then=TEXTS,
    why=TEXTS,
    fix=st.text(max_size=20),
    companies=st.lists(TEXTS, max_size=2).map(tuple),
    priority=st.integers(-9, 9),
    valid_from=st.none() | st.dates(),
    is_enabled=st.booleans(),
)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(10**6), 10**6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
CASES = st.builds(
    Case,
    given=st.dictionaries(NAMES, VALUES, max_size=2),
    company=st.just(""),
    on=st.dates(min_value=date(1900, 1, 1)),
    expects=st.lists(TEXTS, max_size=2).map(tuple),
)
POLICIES = st.builds(
    PolicySetup,
    decides=TEXTS,
    description=st.text(max_size=20),
    owner=st.just(""),
    deputy=st.just(""),
    rules=st.dictionaries(NAMES, RULES, max_size=3),
    tests=st.dictionaries(NAMES, CASES, max_size=2),
)


@given(POLICIES)
@example(PolicySetup(decides="x", tests={"\n": Case(on=date(2000, 1, 1), expects=())}))
def test_what_is_written_is_read_as_the_same(policy: PolicySetup) -> None:
    """Whatever is in its texts: quotes, lines, signs of other scripts."""
    assert policy == read(written(policy))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = 1\nb = ?", "line 2"),
        ("[rules]", "decides: field required"),
        ('decides = "x"\nruels = 1', "ruels: extra inputs"),
        ("a = " + "[" * 3_000, "nested"),
    ],
)
def test_what_is_no_policy_says_why(text: str, why: str) -> None:
    """With its line, or the part that is wrong."""
    assert why in problem(text)
    with pytest.raises(PolicyUnreadableError, match="Nothing was changed"):
        read(text)
