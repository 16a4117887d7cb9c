"""Questions about plans: why there is none, what a limit is worth, what else there is, what changes least."""

from optimizer.explain.alternatives import Alternatives, alternatives
from optimizer.explain.change import Change, Part
from optimizer.explain.elastic import Elastic
from optimizer.explain.frontier import Frontier, frontier
from optimizer.explain.prices import price_of_limits
from optimizer.explain.replan import Replan, replan
from optimizer.explain.why_not import WhyNot, refusal, why_not

__all__ = [
    "Alternatives",
    "Change",
    "Elastic",
    "Frontier",
    "Part",
    "Replan",
    "WhyNot",
    "alternatives",
    "frontier",
    "price_of_limits",
    "refusal",
    "replan",
    "why_not",
]
