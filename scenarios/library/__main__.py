"""Keeps the library true.

`python -m scenarios.library docs` makes the tables of its pages from what is expected; `python -m scenarios.library
expected [NAME...]` runs stories and writes what came out as what is expected from now on.
"""

from __future__ import annotations

import sys

from scenarios.library.pages import write_pages
from scenarios.library.stories import NAMES, SIMULATED, story, tell


def main(arguments: list[str]) -> None:
    """Does what is asked for."""
    wish, *names = arguments or [""]
    if wish not in ("docs", "expected") or set(names) - set(NAMES):
        sys.exit(f"Write: python -m scenarios.library docs, or expected [{'|'.join(NAMES)}]...")
    for name in (names or NAMES) if wish == "expected" else ():
        table = tell(name).table.drop_duplicates(["scenario", "measure", "period"])[list(SIMULATED)]
        table = table.assign(simulated=table["simulated"].map(lambda value: f"{value:.9g}"))
        table.to_csv(story(name).folder / "expected.csv", index=False, lineterminator="\n")
    write_pages()


if __name__ == "__main__":
    main(sys.argv[1:])
