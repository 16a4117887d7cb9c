"""Reading other people's files: inventories, ledgers and own workbooks become the tables of a study.

`import_files` reads any number of them together; `sniff` tells what one is. What the files do not say is filled in by
a stated rule and listed in `Imported.assumed`.
"""

from scenarios.intake.combine import Imported, import_files
from scenarios.intake.errors import IntakeError
from scenarios.intake.ledger import assumed_appropriations
from scenarios.intake.sniff import sniff

__all__ = ["Imported", "IntakeError", "assumed_appropriations", "import_files", "sniff"]
