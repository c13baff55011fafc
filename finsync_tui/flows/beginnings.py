"""In which systems the documents of a flow begin: where the profile says, and for suppliers at each owner of a field."""

from __future__ import annotations

from finsync_tui.flows import supplier_requests
from finsync_tui.profile import Profile

FOLLOWING = "supplier_following"
ONBOARDING = "supplier_onboarding"


def sources(profile: Profile, name: str) -> frozenset[str]:
    """Return the systems whose news of its entity starts an instance.

    >>> setup = {"systems": {}, "flows": {"supplier_onboarding": {"source": "coupa"}}}
    >>> company = Profile.model_validate({**setup, "ownership": {"supplier.address": "oracle"}})
    >>> sorted(sources(company, "supplier_onboarding")), sorted(sources(company, "supplier_following"))
    (['coupa'], ['oracle'])
    """
    setup = profile.flows.get(ONBOARDING if name == FOLLOWING else name)
    if setup is None or not setup.is_enabled:
        return frozenset()
    if name != FOLLOWING:
        return frozenset((setup.source,))
    return supplier_requests.owners(profile) - {setup.source}
