"""The sentences of Assumptions and of jobs, a template a branch."""

from __future__ import annotations

from types import MappingProxyType

from dashboard.format import count, is_nothing, money, named, percent
from dashboard.jobs import CANCELLED, DONE, FAILED, WAITING, Job
from dashboard.pages.explained import question_of
from dashboard.words import slot

ANSWERED = MappingProxyType(
    {
        "prices": "The prices are checked.",
        "alternatives": "The search for other plans is over.",
        "frontier": "The frontier is worked out.",
        "futures": "The futures are played.",
    }
)
"""What is said when a question about a plan is answered."""


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
    asked = question_of(job.request)
    if job.state == DONE:
        return ANSWERED[asked] if asked else "The plan is ready."
    if job.state == CANCELLED:
        return "Cancelled. Nothing was changed." if asked else "Cancelled. The plan shown is as it was."
    if job.state == FAILED:
        return "No answer was found." if asked else "No plan was made."
    stage = named(job.stage).rstrip(".…")
    return f"{stage}, {percent(job.percent / 100)}"


def changed(saving: float, objective: float, units: int, gap: float) -> str:
    """What became of net saving, of the cost that plans minimise and of the servers that move, against the old plan.

    Args:
        saving: change of the net saving, USD.
        objective: change of the cost that the plan minimises, USD in present value.
        units: servers more or fewer that move to modern platforms.
        gap: how much of that cost either plan may lie above what is proven, USD.
    """
    rise = (
        "stays as it is"
        if is_nothing(saving)
        else f"{'rises' if saving > 0 else 'falls'} by {slot(money(abs(saving)))}"
    )
    first = f"Its net saving against cost to continue {rise}"
    if units:
        verb = "moves" if abs(units) == 1 else "move"
        number = count(abs(units), f"{'more' if units > 0 else 'fewer'} server")
        first += f", and {slot(number)} {verb} to modern platforms"
    if is_nothing(objective):
        return f"{first}. The cost that plans minimise is the same."
    way = "less" if objective < 0 else "more"
    second = f"The cost that plans minimise is {slot(money(abs(objective)))} {way} in present value"
    within = ", which is within what the proof leaves open" if abs(objective) <= gap else ""
    return f"{first}. {second}{within}."


def outcome(saved: float, name: str, old: str) -> str:
    """What the new plan comes to against the old one."""
    if is_nothing(saved):
        return f"{slot(name)} costs the same as {slot(old)} over the horizon."
    verb = "saves" if saved > 0 else "costs"
    than = "against" if saved > 0 else "more than"
    return f"{slot(name)} {verb} {slot(money(abs(saved)))} {than} {slot(old)} over the horizon."
