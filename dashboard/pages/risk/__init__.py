"""Risk: how sure are we?"""

from dashboard.pages.risk.layout import answers, frames, layout, register

__all__ = ["answers", "frames", "layout", "register"]
