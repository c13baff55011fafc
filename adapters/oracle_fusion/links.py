"""Where a link in one of Oracle's answers leads, as a path at the address that we are configured for."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from adapters.errors import ProtocolError

_ROOT: Final = re.compile(r"/(?P<area>fscm|hcm)RestApi/resources/[^/]+/")


class Links:
    """Links of one system. A gateway before a pod may leave the pod's own host in them, or its own path out of them."""

    def __init__(self, system: str, fscm_root: str, hcm_root: str) -> None:
        self._system = system
        self._roots = {"fscm": fscm_root, "hcm": hcm_root}

    def path(self, link: str) -> str:
        """Return the path below the base URL for a link; its scheme, host and what stands before the REST root are left out.

        >>> Links("erp", "/fscmRestApi/resources/1", "/hcmRestApi/resources/1").path(
        ...     "https://pod:443/x/fscmRestApi/resources/1/suppliers/7/child/sites"
        ... )
        '/fscmRestApi/resources/1/suppliers/7/child/sites'
        """
        parts = urlsplit(link)
        root, below = self._split(parts.path)
        if not below or any(unquote(step) in (".", "..") for step in below.split("/")):
            raise ProtocolError(
                self._system,
                f"a link in its answer leads to {(parts.hostname or '') + parts.path[:200]}, which is not below {self._roots['fscm']}; it was not "
                "followed. Check that nothing between us and Oracle rewrites the links of its answers, and `api_path` and "
                "`hcm_path` of this system",
            )
        return f"{root}/{below}" + (f"?{parts.query}" if parts.query else "")

    def _split(self, path: str) -> tuple[str, str]:
        """Return our root and what stands below it; nothing below: it is no link of this API."""
        for (
            root
        ) in self._roots.values():  # a gateway that has a path of its own for the API may write it into links
            _, found, below = path.partition(f"{root}/")
            if found:
                return root, below
        match = _ROOT.search(path)
        return (self._roots[match["area"]], path[match.end() :]) if match else ("", "")
