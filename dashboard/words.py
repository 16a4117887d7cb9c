"""Sentences with slots: `Moving *5,000 servers* costs *$62.0M* more`; a slot between stars is set in bold."""

from __future__ import annotations

from typing import Any

from dash import html


def slot(text: object) -> str:
    """A value as a slot of a sentence; stars of its own cannot end it early."""
    return f"*{plain(str(text)) or '?'}*"


def plain(text: str) -> str:
    """The sentence without its marks, for labels and files."""
    return text.replace("*", "")


def marked(text: str) -> list[Any]:
    """The sentence as children of a paragraph, its slots in `strong`."""
    runs = [html.Strong(part) if i % 2 else part for i, part in enumerate(text.split("*"))]
    return [run for run in runs if run != ""]


def joined(*sentences: str) -> str:
    """The sentences that are there, one after the other."""
    return " ".join(s for s in sentences if s)
