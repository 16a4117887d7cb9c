"""Compare: which plan?"""

from dashboard.pages.compare.layout import compared, frames, layout, register

__all__ = ["compared", "frames", "layout", "register"]
