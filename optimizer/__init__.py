"""Which systems move to a modern platform, how and when: least cost within every limit, with a proof.

Takes pandas tables and gives pandas tables; knows no history, no files and no browser.
"""

from optimizer.catalogue import Economics, Method, Strategy
from optimizer.core import Solution, solve
from optimizer.errors import (
    DataError,
    DisputedPlan,
    InfeasiblePlan,
    NoPlanFound,
    OptimizerError,
    UnknownSolver,
    UnknownSolverOption,
)
from optimizer.explain import (
    Alternatives,
    Change,
    Frontier,
    Replan,
    WhyNot,
    alternatives,
    frontier,
    price_of_limits,
    replan,
    why_not,
)
from optimizer.greedy import greedy
from optimizer.model_file import write_model
from optimizer.modernize import assemble, continue_as_now, evaluate, modernize
from optimizer.plan import ROW_COLUMNS, Plan
from optimizer.portfolio import Learning, Portfolio
from optimizer.problem import Problem
from optimizer.solver_options import SolverOption, read_solver_options
from optimizer.verify import Report, verify

__all__ = [
    "ROW_COLUMNS",
    "Alternatives",
    "Change",
    "DataError",
    "DisputedPlan",
    "Economics",
    "Frontier",
    "InfeasiblePlan",
    "Learning",
    "Method",
    "NoPlanFound",
    "OptimizerError",
    "Plan",
    "Portfolio",
    "Problem",
    "Replan",
    "Report",
    "Solution",
    "SolverOption",
    "Strategy",
    "UnknownSolver",
    "UnknownSolverOption",
    "WhyNot",
    "alternatives",
    "assemble",
    "continue_as_now",
    "evaluate",
    "frontier",
    "greedy",
    "modernize",
    "price_of_limits",
    "read_solver_options",
    "replan",
    "solve",
    "verify",
    "why_not",
    "write_model",
]
