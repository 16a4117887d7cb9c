"""Overview: what happens to our money?"""

from dashboard.pages.overview.layout import frames, layout

__all__ = ["frames", "layout"]
