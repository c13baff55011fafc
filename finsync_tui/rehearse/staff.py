"""The demo company's finance people: four roles, so that a change can be proposed by one and approved by another.

Whoever runs the demo is its analyst, under their own account. The others sign in with a browser. Keys and passphrases are
made anew with each demo and lie in a folder beside the workspace, never in it; they are worth nothing anywhere else.
"""

from __future__ import annotations

import base64
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from finsync_tui.credentials import Secrets
from finsync_tui.people import account, new_private, signer_from
from finsync_tui.people.keys import PLACE
from finsync_tui.people.sealing import Cost
from finsync_tui.people.sign_ins import SignIns
from finsync_tui.profile import Role
from store.clock import SystemClock
from store.files import write_private

ANALYST: Final = "maria"
OTHERS: Final[dict[str, Role]] = {"tom": "approver", "otto": "auditor", "ada": "administrator"}
"""Who signs in with a browser, under their own name."""
NOTE: Final = "sign-in.txt"
PHRASE_BYTES: Final = 9
COST: Final = Cost(n=2**13)
"""The passphrases are random: they need no slow guessing, and a demo starts at once."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The people of one demo."""

    secrets_folder: Path
    people: dict[str, Any]
    """As the profile lists them."""

    @property
    def note(self) -> Path:
        """A file that tells the person at the machine how to sign in as the others."""
        return self.secrets_folder / NOTE


def folder_of(workspace: Path) -> Path:
    """Return where the secrets of a demo's people lie."""
    return workspace.with_name(f"{workspace.name}.secrets")


def hire(workspace: Path, name: str) -> Staff:
    """Make keys and sign-ins for a demo's people, in place of those of the demo before it."""
    folder = _emptied(folder_of(workspace))
    kept = Secrets(name, workspace, folder)
    private = new_private()
    kept.put(PLACE, ANALYST, base64.b64encode(private).decode())
    listed: dict[str, Any] = {
        ANALYST: {
            "os_account": account(),
            "roles": ["analyst", "administrator"],
            "key": signer_from(ANALYST, private).public,
        }
    }
    sign_ins, now = SignIns(kept, COST), SystemClock().now()
    lines = [
        f"You are {ANALYST}, an analyst and administrator, under your own account.",
        f"The others sign in at the address that this prints: finsync web --workspace {workspace}",
        "",
    ]
    for person, role in OTHERS.items():
        phrase = secrets.token_urlsafe(PHRASE_BYTES)
        signer = sign_ins.join(person, person, sign_ins.invite(person, now), phrase, now)
        listed[person] = {"web_login": person, "roles": [role], "key": signer.public}
        lines.append(f"{person:8} {role:16} passphrase {phrase}")
    staff = Staff(folder, listed)
    write_private(staff.note, ("\n".join(lines) + "\n").encode(), replaces=True)
    return staff


def _emptied(folder: Path) -> Path:
    """Return a new folder: this one, or one for a while where it can't be made."""
    try:
        if (folder / NOTE).is_file():  # only what a demo has made goes away
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700, parents=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="finsync-demo-people-"))
    return folder
