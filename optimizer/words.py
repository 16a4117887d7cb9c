"""Money, counts and lists in words, for messages and for `print(plan)`."""

from collections.abc import Iterable


def dollars(amount: float) -> str:
    """`4.2M`-like money with its sign and unit: `$4.2M`, `−$310K`, `$12`."""
    size = abs(amount)
    sign = "−" if amount < 0 and size >= 0.5 else ""
    for scale, letter, digits in ((1e9, "B", 2), (1e6, "M", 1), (1e3, "K", 1)):
        if round(size / scale, digits) >= 1:
            return f"{sign}${size / scale:,.{digits}f}{letter}"
    return f"{sign}${size:,.0f}"


def amount_of(amount: float, unit: str) -> str:
    """An amount with its unit: dollars for USD, else a count and the word."""
    return dollars(amount) if unit == "USD" else f"{amount:,.10g} {unit}"


def listed(names: Iterable[object], most: int = 5) -> str:
    """`a, b, c and 4 more`."""
    texts = [str(name) for name in names]
    rest = len(texts) - most
    return ", ".join(texts) if rest <= 0 else f"{', '.join(texts[:most])} and {rest} more"
