"""Who acts, and through which face. Importing it loads nothing: the workbench needs it before its first paint."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from finsync_tui.people import Roles, Signer


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and through which face."""

    name: str
    source: Literal["cli", "tui", "web", "engine"]
    roles: Roles | None = None
    """None: the profile lists nobody, everybody may do everything. Faces get it from `acting`, never by hand."""
    account: str = ""
    """The account of the operating system, where that is how they are known."""
    web_login: str = ""
    """What they signed in with in a browser, where that is how they are known."""
    held: Signer | None = field(default=None, repr=False, compare=False)
    """The key that their web sign-in has opened. Nobody else's process has it."""

    @property
    def desk(self) -> str:
        """Whose layout and filters these are: the same before and after the profile gives them a name."""
        return f"web:{self.web_login}" if self.web_login else self.account or self.name


def account() -> str:
    """Return the account of the operating system that this process runs under.

    Environment variables such as LOGNAME do not count: anybody can set them.
    """
    try:
        import pwd
    except (
        ImportError
    ):  # Windows knows no such list, and its own name for the account can't be set from outside
        return os.getlogin()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account without a name, as in a container
        return f"uid-{os.getuid()}"
