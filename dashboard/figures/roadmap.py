"""What moves when? One line a site, grouped under the wave of its first start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.figures.canvas import Drawing, canvas, nothing, say, stroke
from dashboard.format import count, day, fy, money, month, named
from dashboard.measures.moves import as_of, end_of, place, quarters, start_of, year_end
from dashboard.theme import SMALL, Palette
from scenarios.results import Results

LEFT = 232
RIGHT = 84
_ROW = 17.2
_HEAD = 1.75


@dataclass(frozen=True, slots=True)
class Horizon:
    """The time axis that roadmap and capacity share: quarters counted from the first."""

    quarters: tuple[str, ...]
    end_month: int
    today: pd.Timestamp

    @property
    def length(self) -> int:
        """How many quarters."""
        return len(self.quarters)

    def at(self, date: pd.Timestamp) -> float:
        """A date's place on the axis, never left of its beginning."""
        return max(place(date, self.quarters[0], self.end_month), 0.0)

    def start(self, quarter: str) -> float:
        """Where a quarter begins."""
        return self.at(start_of(quarter, self.end_month))

    def last_day(self, quarter: str) -> pd.Timestamp:
        """The last day of a quarter."""
        return end_of(quarter, self.end_month)


def horizon(results: Results) -> Horizon:
    """The time axis of a plan."""
    return Horizon(tuple(quarters(results)), year_end(results), as_of(results))


def roadmap(lines: pd.DataFrame, waves: pd.DataFrame, h: Horizon, p: Palette) -> Any:
    """Lifelines: the old site until its first start, moving until its last old system is off, then gone or staying.

    Args:
        lines: `measures.moves.lifelines`.
        waves: `measures.moves.waves`.
        h: the time axis.
        p: the colours.
    """
    if lines.empty or not h.quarters:
        return nothing(p, "No site yet.")
    rows = _rows(lines, waves)
    depths, y = [], 0.0
    for kind, _ in rows:
        y -= _HEAD if kind in ("wave", "stay") else 1.0
        depths.append(y)
    drawing = canvas(p, _ROW * -y + 76, left=LEFT, right=RIGHT, top=32, bottom=12)
    for edge in range(0, h.length + 1, 4):
        stroke(drawing, edge, 0.2, edge, y - 0.8, p.rule, layer="below")
    for (kind, row), depth in zip(rows, depths, strict=True):
        _DRAW[kind](drawing, row, depth, h, p)
    today = h.at(h.today)
    stroke(drawing, today, 0.4, today, y - 0.6, p.ink, layer="below")
    say(drawing, today, y - 0.7, "Today", p.ink, "left" if today < 1 else "center", SMALL, "top")
    say(drawing, 0, 1, "Servers", p.quiet, "right", SMALL, "bottom", xref="paper", yref="paper", xshift=-12, yshift=3)
    year_axis(drawing, h, p)
    drawing.plot.update_yaxes(visible=False, range=[y - 2.0, 0.4])
    return drawing.done()


def year_axis(drawing: Drawing, h: Horizon, p: Palette) -> None:
    """Fiscal years over the quarters."""
    firsts = range(0, h.length, 4)
    drawing.plot.update_xaxes(
        range=[-0.2, h.length + 0.2],
        side="top",
        tickvals=[i + 2 for i in firsts],
        ticktext=[fy(int(h.quarters[i][:4])) for i in firsts],
        tickfont={"color": p.ink},
    )


def _rows(lines: pd.DataFrame, waves: pd.DataFrame) -> list[tuple[str, Any]]:
    """A wave, then its sites; those where nothing moves at the end."""
    rows: list[tuple[str, Any]] = []
    for wave in waves.itertuples(index=False):
        own = lines[(lines["wave"] == wave.wave) & (lines["moved"] > 0)]
        rows.append(("wave", wave))
        rows += [("site", site) for site in own.itertuples(index=False)]
    still = lines[lines["moved"] == 0]
    if len(still):
        rows.append(("stay", len(still)))
        rows += [("kept", site) for site in still.itertuples(index=False)]
    return rows


def _label(drawing: Drawing, y: float, name: str, units: int, p: Palette) -> None:
    say(drawing, 0, y, name, p.quiet, size=SMALL, xref="paper", xshift=-LEFT + 12)
    say(drawing, 0, y, f"{units:,}", p.quiet, "right", SMALL, xref="paper", xshift=-12)


def _wave(drawing: Drawing, wave: Any, y: float, h: Horizon, p: Palette) -> None:
    """The ring is when buying begins, if anything is bought; the dots lead to the wave's first start."""
    text = f"<b>Wave {wave.wave}</b>  {count(wave.units, 'server')}"
    say(drawing, 0, y, text, p.ink, xref="paper", xshift=-LEFT)
    if pd.isna(wave.buy_by):
        return
    ring, start = h.at(wave.buy_by), h.start(wave.start)
    stroke(drawing, ring, y, start, y, p.ink, 1, "dot")
    drawing.plot.add_scatter(
        x=[ring],
        y=[y],
        mode="markers",
        marker={"symbol": "circle", "size": 9, "color": p.page, "line": {"color": p.ink, "width": 2}},
        hovertemplate=f"Start buying by {day(wave.buy_by)}<br><b>{money(wave.one_time_cost)}</b><extra></extra>",
    )
    how = f"{named(wave.methods)}, " if wave.methods else ""
    words = f"Buy by {day(wave.buy_by)}: {how}<b>{money(wave.one_time_cost)}</b>"
    if start < 0.6 * h.length:
        say(drawing, start + 0.2, y, words, p.ink, size=SMALL)
    else:
        say(drawing, ring - 0.3, y, words, p.ink, "right", SMALL)


def _site(drawing: Drawing, site: Any, y: float, h: Horizon, p: Palette) -> None:
    begin, last = h.start(site.start), h.last_day(site.off)
    done = h.at(last + pd.Timedelta(days=1))
    stroke(drawing, 0, y, begin, y, p.legacy, 3)
    stroke(drawing, begin, y, done, y, p.transition, 7)
    if site.stays:
        stroke(drawing, done, y, h.length, y, p.modern if site.modern else p.legacy, 3)
        words = f"{site.stays:,} stay"
        say(drawing, 1, y, words, p.quiet, size=SMALL, xref="paper", xshift=8)
    else:
        drawing.plot.add_scatter(
            x=[done],
            y=[y],
            mode="markers",
            marker={"symbol": "line-ns", "size": 11, "line": {"color": p.ink, "width": 2}},
            hovertemplate=f"{named(site.site)}: last old system off {day(last)}<extra></extra>",
        )
        say(drawing, done + 0.15, y, month(last), p.quiet, size=SMALL)
    _label(drawing, y, named(site.site), site.units, p)


def _stay(drawing: Drawing, sites: int, y: float, h: Horizon, p: Palette) -> None:
    say(drawing, 0, y, f"<b>Nothing moves</b>  {count(sites, 'site')}", p.ink, xref="paper", xshift=-LEFT)


def _kept(drawing: Drawing, site: Any, y: float, h: Horizon, p: Palette) -> None:
    stroke(drawing, 0, y, h.length, y, p.modern if site.modern else p.legacy, 3)
    _label(drawing, y, named(site.site), site.units, p)


_DRAW = {"wave": _wave, "site": _site, "stay": _stay, "kept": _kept}
