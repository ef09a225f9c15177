"""Amounts to be chosen with one touch, in whole units of a currency."""

SUGGESTED = {"JPY": (10_000, 30_000, 50_000, 100_000), "USD": (100, 300, 500, 1_000), "KWD": (50, 100, 200, 500)}
SUGGESTED_ELSEWHERE = (500, 1_000, 2_000, 5_000)


def amounts(currency: str) -> tuple[int, ...]:
    """List what people top up by, the smallest first."""
    return SUGGESTED.get(currency, SUGGESTED_ELSEWHERE)
