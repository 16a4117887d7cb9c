"""Limits: what holds us back?"""

from dashboard.pages.limits.layout import answers, frames, layout
from dashboard.pages.limits.what_if import register

__all__ = ["answers", "frames", "layout", "register"]
