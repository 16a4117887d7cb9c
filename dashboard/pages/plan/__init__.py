"""Plan: what moves when?"""

from dashboard.pages.plan.layout import frames, layout, register

__all__ = ["frames", "layout", "register"]
