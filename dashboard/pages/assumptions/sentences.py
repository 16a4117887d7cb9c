"""The sentences of Assumptions and of jobs, a template a branch."""

from __future__ import annotations

from dashboard.format import count, is_nothing, money, named, percent
from dashboard.jobs import CANCELLED, DONE, FAILED, WAITING, Job
from dashboard.words import slot


def lede(changed: int, total: int) -> str:
    """How many assumptions the plan rests on, and how many were changed."""
    if not total:
        return "This plan lists no assumptions."
    start = f"This plan rests on {slot(count(total, 'assumption'))}"
    if not changed:
        return f"{start}, all as they came. Change one and plan again."
    words = "was changed from its default" if changed == 1 else "were changed from their defaults"
    return f"{start}; {slot(f'{changed:,}')} {words}."


def progress(job: Job) -> str:
    """How far a job is."""
    if job.state == WAITING:
        return "Starting…"
    if job.state == DONE:
        return "The plan is ready."
    if job.state == CANCELLED:
        return "Cancelled. The plan shown is as it was."
    if job.state == FAILED:
        return "No plan was made."
    stage = named(job.stage).rstrip(".…")
    return f"{stage}, {percent(job.percent / 100)}"


def outcome(saved: float, name: str, old: str) -> str:
    """What the new plan comes to against the old one."""
    if is_nothing(saved):
        return f"{slot(name)} costs the same as {slot(old)} over the horizon."
    verb = "saves" if saved > 0 else "costs"
    than = "against" if saved > 0 else "more than"
    return f"{slot(name)} {verb} {slot(money(abs(saved)))} {than} {slot(old)} over the horizon."
