"""Every colour and size of the product, once. Figures read a `Palette`; pages read the CSS variables made from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

FONT = '"Public Sans Variable", "Public Sans", system-ui, sans-serif'
CHART = 13
"""Size of words in a chart, in pixels; the least is 12."""
SMALL = 12
RIBBON = 0.34
"""How much of its mark's colour a ribbon keeps."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme. Colour says what kind of money a mark is; the interface itself is ink."""

    page: str
    sunk: str
    ink: str
    quiet: str
    rule: str
    edge: str
    focus: str
    legacy: str
    legacy_text: str
    transition: str
    transition_text: str
    modern: str
    modern_text: str
    other: str
    other_text: str
    freed: str
    freed_text: str
    appropriation: str
    baseline: str
    median: str
    band_edge: str
    band_50: str
    band_80: str
    band_95: str
    alert: str
    alert_wash: str
    caution_wash: str
    on_legacy: str


LIGHT = Palette(
    page="#FFFFFF",
    sunk="#F6F5F2",
    ink="#1B1B1B",
    quiet="#565C65",
    rule="#DCDAD5",
    edge="#858A90",
    focus="#2378C3",
    legacy="#8E8476",
    legacy_text="#6B6357",
    transition="#D1600A",
    transition_text="#A84600",
    modern="#12548F",
    modern_text="#12548F",
    other="#C6CACE",
    other_text="#565C65",
    freed="#2E8540",
    freed_text="#216E31",
    appropriation="#1B1B1B",
    baseline="#6F757B",
    median="#2C4A7C",
    band_edge="#7A8DB0",
    band_50="#9FB1CF",
    band_80="#C9D3E4",
    band_95="#E6EAF1",
    alert="#B50909",
    alert_wash="#F8DFE2",
    caution_wash="#FBEFD0",
    on_legacy="#1B1B1B",
)

DARK = Palette(
    page="#15181C",
    sunk="#1E2227",
    ink="#F0F0F0",
    quiet="#B4B9BE",
    rule="#363C43",
    edge="#7C838B",
    focus="#73B3E7",
    legacy="#91877A",
    legacy_text="#BDB3A6",
    transition="#FFA657",
    transition_text="#FFB570",
    modern="#4C9FEA",
    modern_text="#7DBBF2",
    other="#4B525A",
    other_text="#B4B9BE",
    freed="#5CC27A",
    freed_text="#79D294",
    appropriation="#F0F0F0",
    baseline="#8F959B",
    median="#A9C4EE",
    band_edge="#6F86AC",
    band_50="#48628C",
    band_80="#30405A",
    band_95="#232B38",
    alert="#FF8D7B",
    alert_wash="#51231F",
    caution_wash="#463A18",
    on_legacy="#15181C",
)

PALETTES = MappingProxyType({"light": LIGHT, "dark": DARK})

_INK_SCALE = (
    "#FFFFFF",
    "#F0F0F0",
    "#DCDEE0",
    "#C6CACE",
    "#A9AEB1",
    "#71767A",
    "#565C65",
    "#3D4551",
    "#1B1B1B",
    "#000000",
)


def css_variables() -> str:
    """Both palettes as CSS custom properties."""
    return _block(":root", LIGHT) + _block(":root[data-mantine-color-scheme=dark]", DARK)


def _block(selector: str, palette: Palette) -> str:
    lines = "".join(f"--{name.replace('_', '-')}:{colour};" for name, colour in asdict(palette).items())
    return f"{selector}{{{lines}}}"


def mantine() -> dict[str, Any]:
    """What Mantine must know so that its controls look like ours."""
    return {
        "fontFamily": FONT,
        "primaryColor": "ink",
        "primaryShade": {"light": 8, "dark": 1},
        "autoContrast": True,
        "defaultRadius": 2,
        "colors": {"ink": list(_INK_SCALE)},
    }


def faded(colour: str, alpha: float = RIBBON) -> str:
    """A hex colour at a share of its strength."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def contrast(one: str, other: str) -> float:
    """WCAG 2.1 contrast ratio of two hex colours."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4) for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
