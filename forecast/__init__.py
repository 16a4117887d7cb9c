"""Past spending in, outlook with intervals out. Knows no systems and no solver.

spending = forecast.read_spending("tables/spending.csv")
outlook = forecast.outlook(spending, horizon=5)
print(outlook)
"""

from forecast.errors import ForecastError, SettingError, SpendingError
from forecast.files import write_outlook
from forecast.outlook import outlook
from forecast.projection import project
from forecast.result import Outlook
from forecast.spending import read_spending
from forecast.yearend import YearEnd

__all__ = [
    "ForecastError",
    "Outlook",
    "SettingError",
    "SpendingError",
    "YearEnd",
    "outlook",
    "project",
    "read_spending",
    "write_outlook",
]
