"""The id of everything that a callback touches."""

from __future__ import annotations

from typing import Any

URL = "url"
LOOK = "look"
NARROW = "narrow"
KNOWN = "known-scenarios"
MANTINE = "mantine"
SHOWING = "showing"
AGAINST = "against"
DARK = "dark"
DIFFERS = "differs"
RAIL = "rail"
MAIN = "main"
TITLE = "page-title"

OUTLOOK_CUT = "outlook-cut"
OUTLOOK_PART = "outlook-part"

RISK_FUND = "risk-fund"
RISK_TARGET = "risk-target"

COMPARED = "compared"
COMPARE_BY = "compare-by"

SYSTEMS = "systems"
LOCKS = "locks"
AGAIN = "plan-again"

PLAN = "first-plan"
FORM_PLAN = "plan"
FORM_NAME = "scenario-name"
FORM_WHY = "scenario-why"
FORM_SECONDS = "plan-seconds"
FORM_PROBLEM = "form-problem"

LIMITS_ASKED = "limits-asked"
LIMITS_PLAN = "limits-plan"
LIMITS_RESET = "limits-reset"

JOB = "job"
JOB_TICK = "job-tick"
JOB_STATUS = "job-status"
JOB_BAR = "job-bar"
JOB_CANCEL = "job-cancel"
JOB_RESULT = "job-result"


def explain(question: Any) -> dict[str, Any]:
    """The button that asks a question about the plan shown; `ALL` of them in a callback."""
    return {"explain": question}


def answer(part: Any) -> dict[str, Any]:
    """A part of a page that a job's answer changes; `ALL` of them in a callback."""
    return {"answer": part}


def plan(place: int) -> str:
    """The choice of one of the plans that stand side by side."""
    return f"compare-{place + 1}"


def slider(key: Any) -> dict[str, Any]:
    """The slider of one limit; `ALL` of them in a callback."""
    return {"slider": key}


def slider_says(key: Any) -> dict[str, Any]:
    """The words beside a slider."""
    return {"slider-says": key}


def parameter(name: str) -> dict[str, str]:
    """The field of one parameter."""
    return {"field": "parameter", "name": name.replace(".", "/")}


def appropriation(row: int, year: int) -> dict[str, str]:
    """The field of one appropriation."""
    return {"field": "appropriation", "name": f"{row}/{year}"}
