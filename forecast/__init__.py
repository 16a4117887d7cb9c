"""Past spending in, outlook with intervals out. Knows no systems and no solver.

spending = forecast.read_spending("tables/spending.csv")
outlook = forecast.outlook(spending, horizon=5)
print(outlook)
"""

from forecast.errors import ForecastError, SettingError, SpendingError
from forecast.outlook import Outlook, outlook
from forecast.spending import read_spending

__all__ = ["ForecastError", "Outlook", "SettingError", "SpendingError", "outlook", "read_spending"]
