"""Outlook: what will we spend if nothing changes?"""

from dashboard.pages.outlook.layout import frames, layout, register

__all__ = ["frames", "layout", "register"]
