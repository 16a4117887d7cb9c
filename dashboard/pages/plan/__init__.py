"""Plan: what moves when?"""

from dashboard.pages.plan.choices import answers
from dashboard.pages.plan.layout import frames, layout, register

__all__ = ["answers", "frames", "layout", "register"]
