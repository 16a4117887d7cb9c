"""How a page is looked at: colours, width, and what its address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from dashboard.theme import PALETTES, Palette
from scenarios.results import Results

KEPT = ("showing", "against", "compare", "theme")
"""What goes along from page to page; anything else in an address belongs to its page."""


@dataclass(frozen=True, slots=True)
class Look:
    """The only thing besides numbers that a figure depends on."""

    scheme: str = "light"
    narrow: bool = False

    @property
    def palette(self) -> Palette:
        """The colours of the scheme."""
        return PALETTES.get(self.scheme, PALETTES["light"])


@dataclass(frozen=True)
class View:
    """One look at a plan beside its rival, as an address asks for it."""

    showing: Results
    against: Results
    look: Look = Look()
    query: Mapping[str, str] = field(default_factory=dict)

    def link(self, path: str, **more: str) -> str:
        """An address that keeps scenarios and theme, and adds or drops (blank) what is named."""
        return address(path, self.query, **more)


def parse(search: str | None) -> dict[str, str]:
    """The part of an address after its question mark."""
    return dict(parse_qsl((search or "").lstrip("?")))


def address(path: str, query: Mapping[str, str], **more: str) -> str:
    """A path with what is kept of a query, and with what is added to it."""
    kept = {key: query[key] for key in KEPT if key in query} | more
    text = urlencode({key: value for key, value in kept.items() if value}, safe=",")
    return f"{path}?{text}" if text else path
