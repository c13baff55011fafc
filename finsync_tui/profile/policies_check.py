"""Do the company's own rules fit the contracts, and do they pass their own cases?"""

from __future__ import annotations

from collections.abc import Iterator

from finsync_tui.policies.model import Ruled
from finsync_tui.profile.problem import Problem


def policy_problems(profile: Ruled) -> Iterator[Problem]:
    """Yield what does not fit in policies; of policies that fit, the cases that do not pass."""
    if not profile.policies:
        return
    from finsync_tui.policies import ruling, testing  # the parser of expressions costs a quarter of a second

    found = ruling.misfits(profile.policies, profile.companies, profile.extending)
    for one in found:
        yield Problem(f"policies.{one.place}", one.message, "See docs/policies.md.")
    if found:
        return
    for case in testing.run(profile.policies, profile.companies, profile.extending):
        if case.problem:
            said, expected = (", ".join(names) or "nothing" for names in (case.said, case.expected))
            yield Problem(
                f"policies.{case.policy}.tests.{case.case}",
                f"{case.problem}: {said} instead of {expected}"
                if case.said != case.expected
                else case.problem,
                "Correct the rules, or the case. `finsync policy test` runs them all.",
            )
