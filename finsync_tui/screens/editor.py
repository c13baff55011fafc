"""The person's own editor: $VISUAL, else $EDITOR. The text lies in a private file as long as it runs."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from finsync_tui.screens.editing import TEXT_BYTES_MAX


class EditorError(Exception):
    """The editor could not be used; its text says why."""


def command() -> list[str]:
    """Return the editor's command line; empty: none is set."""
    for name in ("VISUAL", "EDITOR"):
        words = shlex.split(os.environ.get(name, ""))
        if words:
            return words
    return []


def edited(words: Sequence[str], text: str, file_name: str = "document.json") -> str:
    """Return what the editor made of a text."""
    with tempfile.TemporaryDirectory(prefix="finsync-") as folder:  # 0700
        file = Path(folder) / file_name
        file.write_text(text, encoding="utf-8")
        try:
            ended = subprocess.run([*words, str(file)], check=False)  # noqa: S603  # the person's own choice
        except OSError as error:
            raise EditorError(f"{words[0]} can't be started ({error.strerror}): edit here") from None
        if ended.returncode:
            raise EditorError(f"{words[0]} ended with {ended.returncode}: the text stays as it was")
        try:
            if file.stat().st_size > TEXT_BYTES_MAX * 2:
                raise EditorError("what came back is too large: the text stays as it was")
            return file.read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError):
            raise EditorError("what came back is not a text in UTF-8: the text stays as it was") from None
