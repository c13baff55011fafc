"""The workbench's styles, parsed once for each set of colours."""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class KeptStylesheet(Stylesheet):
    """Textual reads all styles anew at each first visit of a screen, and four times before the first. They say the same as long
    as the colours are the same; a source that came with a new widget is read when it comes."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._colours = variables

    def set_variables(self, variables: dict[str, str]) -> None:
        if variables != self._colours:
            self._colours = variables
            super().set_variables(variables)

    def reparse(self) -> None:
        self.parse()
