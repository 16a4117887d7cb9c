"""The tables of a study: the one place where their columns are named, typed, defaulted and explained.

`docs/tables.md` is generated from these declarations (`python -m scenarios.describe`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scenarios.schema import SLUG, Column, Table

STRATEGIES = ("retain", "retire", "rehost", "relocate", "repurchase", "replatform", "refactor")
"""The seven ways a system can change, in the order in which pages list them."""

MODERN = ("rehost", "replatform", "repurchase", "refactor")
"""The strategies that count as moved to modern."""

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "existing_contract": "existing contract",
        "cooperative": "cooperative contract",
        "itb": "invitation to bid",
        "single_rfp": "single RFP",
        "modular_rfp": "modular RFP",
        "sole_source": "sole source",
    }
)
"""The ways to buy, in the order in which pages list them, each in plain words."""

QUARTER = r"^\d{4}Q[1-4]$"
_STRATEGY = "|".join(STRATEGIES)
_QUARTER_WANTED = "a quarter such as 2027Q3"

SYSTEMS = Table(
    "systems",
    "One row per system, or per fleet of like servers.",
    (
        Column("system", "slug", "Identifier of the system", required=True),
        Column("name", "text", "Name for people", default=""),
        Column("agency", "slug", "Agency that owns the system", required=True),
        Column("program", "text", "Program that the system serves (the line item of its appropriation)", default=""),
        Column("site", "text", "Site in which it runs, as in the table sites", default=""),
        Column("kind", "slug", "What it is: server, service or desktop", default="server"),
        Column("units", "integer", "Like servers in it", "units", default=1, low=1),
        Column("group", "text", "Move group: its members start in the same quarter, each whole", default=""),
        Column("platform", "text", "Operating system or product", default=""),
        Column("environment", "text", "What it is for: production, test or development", default=""),
        Column("vcpus", "number", "Virtual processors of one unit", "vCPU", low=0),
        Column("memory_gib", "number", "Memory of one unit", "GiB", low=0),
        Column("storage_gib", "number", "Storage of one unit", "GiB", low=0),
        Column(
            "annual_run_cost",
            "number",
            "What one unit costs to run for a year, in prices of the base year",
            "USD/unit/year",
            required=True,
            low=0,
        ),
        Column("side", "slug", "Whether it counts as old or new", default="legacy", choices=("legacy", "modern")),
        Column("fund", "split", "Fund that pays, or a split such as general:0.25|federal:0.75", required=True),
        Column("one_time_fund", "text", "Fund, or split, that pays for the move (blank: the same as fund)", default=""),
        Column("spending_line", "text", "History line that its cost follows: agency/program/fund/category", default=""),
        Column("criticality", "integer", "How much depends on it", "1 to 5", default=3, low=1, high=5),
        Column("risk", "number", "Assessed risk", "0 to 100", default=50.0, low=0, high=100),
        Column("end_of_support", "date", "Last day on which its maker supports it"),
        Column("contract_end", "date", "Last day of a contract that must be paid for"),
        Column("exit_fee", "number", "Price of leaving that contract early", "USD/unit", low=0),
        Column("owner", "text", "Who answers for it", default=""),
        Column(
            "strategies",
            "text",
            "Strategies allowed, joined by | (retire is never assumed: only an owner knows what is not needed)",
            default="|".join(name for name in STRATEGIES if name != "retire"),
            pattern=rf"^({_STRATEGY})(\|({_STRATEGY}))*$",
            wanted=f"strategies joined by |, out of {', '.join(STRATEGIES)}",
        ),
        Column("earliest", "text", "First quarter in which it may start", pattern=QUARTER, wanted=_QUARTER_WANTED),
        Column("latest", "text", "Last quarter in which it may start", pattern=QUARTER, wanted=_QUARTER_WANTED),
        Column(
            "lock",
            "text",
            "Fate that the plan must follow: keep, or a strategy and a quarter",
            default="",
            pattern=rf"^(keep|({_STRATEGY})@\d{{4}}Q[1-4])$",
            wanted="keep, or a strategy and quarter such as rehost@2027Q3",
        ),
    ),
    key=("system",),
    required=True,
)

DEPENDENCIES = Table(
    "dependencies",
    "Which system needs which.",
    (
        Column("system", "slug", "The system that needs another", required=True),
        Column("needs", "slug", "The system that it needs", required=True),
        Column(
            "lag",
            "integer",
            "Months from the cut-over of what it needs to its own start, in whole quarters",
            "months",
            default=0,
            low=0,
        ),
    ),
    key=("system", "needs"),
)

SITES = Table(
    "sites",
    "Data centers and server rooms.",
    (
        Column("site", "slug", "Identifier of the site", required=True),
        Column("name", "text", "Name for people", default=""),
        Column("fund", "split", "Fund that pays for the site", required=True),
        Column(
            "annual_fixed_cost",
            "number",
            "Cost of keeping the site open, not also in annual_run_cost",
            "USD/year",
            required=True,
            low=0,
        ),
        Column("lease_end", "date", "Last day of the lease: rent is owed until then, whoever has left"),
        Column("closure_cost", "number", "Price of closing it", "USD", default=0.0, low=0),
        Column(
            "capacity",
            "integer",
            "Units that it can take (not planned with yet)",
            "units",
            default=0,
            low=0,
        ),
        Column("keep", "boolean", "Whether it stays open in any plan, also where close_sites is true", default=False),
    ),
    key=("site",),
)

STATUSES = ("cost_to_continue", "request", "enacted", "allotted", "revised", "forecast")
"""The versions that the budget of a year goes through, in the order of its life; `forecast` stands in."""

APPROPRIATIONS = Table(
    "appropriations",
    "What may be spent, by fund and fiscal year, and what was asked for before: versions of a budget, told by status.",
    (
        Column("fund", "slug", "Fund", required=True),
        Column("agency", "text", "Agency (blank: any)", default=""),
        Column("line_item", "text", "Line item, compared with a system's program (blank: any)", default=""),
        Column("fiscal_year", "integer", "Fiscal year, named for the year in which it ends", required=True, low=1900),
        Column("amount", "number", "Appropriation", "USD", required=True, low=0),
        Column("purpose", "slug", "What it may be spent on", default="any", choices=("operating", "capital", "any")),
        Column(
            "status",
            "slug",
            "Version of the budget. Of rows alike in all else one says what may be spent: revised over allotted over "
            "enacted over request over forecast. cost_to_continue permits no spending",
            default="forecast",
            choices=STATUSES,
        ),
        Column(
            "carry_forward", "number", "Share of its unspent rest usable next year", "share", default=0.0, low=0, high=1
        ),
        Column("opening_balance", "number", "Brought into the first year of the plan", "USD", default=0.0, low=0),
        Column(
            "transfer_limit",
            "number",
            "Most that may be transferred in from other rows of its fund and year that name an agency, a line item or "
            "a purpose",
            "USD",
            default=0.0,
            low=0,
        ),
    ),
    key=("fund", "agency", "line_item", "purpose", "fiscal_year", "status"),
)

SPENDING = Table(
    "spending",
    "History: what was appropriated and spent, one row per line and fiscal year.",
    (
        Column("period", "integer", "Fiscal year, named for the year in which it ends", required=True, low=1900),
        Column("agency", "slug", "Agency", required=True),
        Column("program", "text", "Program or line item", default=""),
        Column("fund", "slug", "Fund", required=True),
        Column("category", "text", "What it was spent on", default=""),
        Column("appropriated", "number", "Appropriation", "USD", default=0.0),
        Column(
            "expended",
            "number",
            "Spent (blank: the books of that year are not closed, and its months say how far it is)",
            "USD",
            required=True,
            may_be_blank=True,
        ),
        Column("encumbered", "number", "Committed and not yet spent", "USD", default=0.0),
    ),
    key=("period", "agency", "program", "fund", "category"),
)

MONTHS = Table(
    "months",
    "The books by month: of the year under way, and of years before it, from which its course is learnt.",
    (
        Column(
            "period",
            "text",
            "Calendar month",
            required=True,
            pattern=r"^(19|20)\d{2}-(0[1-9]|1[0-2])$",
            wanted="a month such as 2026-05",
        ),
        Column("agency", "slug", "Agency", required=True),
        Column("program", "text", "Program or line item", default=""),
        Column("fund", "slug", "Fund", required=True),
        Column("category", "text", "What it was spent on", default=""),
        Column("expended", "number", "Spent in that month; credits are negative", "USD", required=True),
        Column("encumbered", "number", "Encumbrances outstanding at its end (blank: not known)", "USD"),
    ),
    key=("period", "agency", "program", "fund", "category"),
)

OVERRIDES = Table(
    "overrides",
    "Spending set by hand where people know more than the models: who says so, why, and since when. Keep the rows of "
    "years that have closed: they are held against what came, beside what the models said at the time.",
    (
        Column("agency", "text", "Agency (blank: any)", default=""),
        Column("program", "text", "Program or line item (blank: any)", default=""),
        Column("fund", "text", "Fund (blank: any)", default=""),
        Column("category", "text", "What it is spent on (blank: any)", default=""),
        Column("fiscal_year", "integer", "Fiscal year that is set", required=True, low=1900),
        Column("amount", "number", "What all lines that match will spend together in that year", "USD", required=True),
        Column("reason", "text", "Why", required=True),
        Column("author", "text", "Who says so", required=True),
        Column("date", "date", "Day on which it was first said", required=True),
    ),
    key=("agency", "program", "fund", "category", "fiscal_year"),
)

CAPACITY = Table(
    "capacity",
    "Hours of work that the state can put into moving systems.",
    (
        Column("skill", "slug", "Skill, as named by the strategies: migration, application", required=True),
        Column("fiscal_year", "integer", "Fiscal year", required=True, low=1900),
        Column(
            "hours", "number", "Hours in that year, spread evenly over its quarters", "hours/year", required=True, low=0
        ),
    ),
    key=("skill", "fiscal_year"),
)

TABLES: Mapping[str, Table] = MappingProxyType(
    {t.name: t for t in (SYSTEMS, DEPENDENCIES, SITES, APPROPRIATIONS, SPENDING, MONTHS, OVERRIDES, CAPACITY)}
)

LINE_KEYS = ("agency", "program", "fund", "category")
"""The keys of a spending line; joined by / they are what `spending_line` names."""

__all__ = ["LINE_KEYS", "METHODS", "MODERN", "SLUG", "STATUSES", "STRATEGIES", "TABLES"]
