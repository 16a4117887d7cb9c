"""Assumptions: what if?"""

from dashboard.pages.assumptions.layout import first_plan, frames, layout, register

__all__ = ["first_plan", "frames", "layout", "register"]
