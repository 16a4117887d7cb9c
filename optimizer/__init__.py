"""Which systems move to a modern platform, how and when: least cost within every limit, with a proof.

Takes pandas tables and gives pandas tables; knows no history, no files and no browser.
"""

from optimizer.catalogue import Economics, Method, Strategy
from optimizer.core import Solution, solve
from optimizer.errors import DataError, DisputedPlan, InfeasiblePlan, NoPlanFound, OptimizerError, UnknownSolver
from optimizer.modernize import continue_as_now, evaluate, modernize
from optimizer.plan import ROW_COLUMNS, Plan
from optimizer.portfolio import Learning, Portfolio
from optimizer.problem import Problem
from optimizer.verify import Report, verify

__all__ = [
    "ROW_COLUMNS",
    "DataError",
    "DisputedPlan",
    "Economics",
    "InfeasiblePlan",
    "Learning",
    "Method",
    "NoPlanFound",
    "OptimizerError",
    "Plan",
    "Portfolio",
    "Problem",
    "Report",
    "Solution",
    "Strategy",
    "UnknownSolver",
    "continue_as_now",
    "evaluate",
    "modernize",
    "solve",
    "verify",
]
