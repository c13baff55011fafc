"""What all dialogs are."""

from __future__ import annotations

from textual.screen import ModalScreen, ScreenResultType

from finsync_tui.screens.compositor import NarrowCompositor


class Dialog(ModalScreen[ScreenResultType]):
    """A question or a message in front of a screen."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = NarrowCompositor()

    def on_mount(self) -> None:
        """What was said before has been read; in a small window it would lie over the dialog's keys."""
        self.app.clear_notifications()
        for screen in self.app.screen_stack:
            screen.query("Toast").remove()
