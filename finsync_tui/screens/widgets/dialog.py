"""What all dialogs are."""

from __future__ import annotations

from textual.screen import ModalScreen, ScreenResultType

from finsync_tui.screens.compositor import NarrowCompositor


class Dialog(ModalScreen[ScreenResultType]):
    """A question or a message in front of a screen."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = NarrowCompositor()
