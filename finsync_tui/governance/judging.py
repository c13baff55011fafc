"""Who judges by the rules in force: the language that they are written in is loaded where there are any, and not before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from finsync_tui.extensions import ExtensionSetup
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import Problem, ProfileProblemsError


def judges(
    policies: Mapping[str, PolicySetup], extensions: Iterable[ExtensionSetup] = ()
) -> Mapping[str, Judging]:
    """Return who judges each decision that rules can decide otherwise than the profile's settings do.

    Where all that rules say is `setting`, nobody is asked: it costs what it would without them.
    """
    if not policies:
        return {}
    from finsync_tui.policies import ruling  # its parser of expressions costs a quarter of a second

    try:
        found = ruling.judges(policies, extensions)
    except (
        ruling.PoliciesError
    ) as error:  # they fitted when they were signed, and an upgrade changed what fits
        first = error.found[0]
        problem = Problem(f"policies.{first.place}", first.message, "Propose another version.")
        raise ProfileProblemsError([problem]) from error
    return {name: judge for name, judge in found.items() if not judge.says_settings_only}
