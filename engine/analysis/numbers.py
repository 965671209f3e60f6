"""Numbers as sentences have them: grouped, with few digits, with a minus sign that is one."""


def in_words(value: float, digits: int = 3) -> str:
    """Return a number for people: 3 digits, grouped up to a million, powers of ten beyond it and below 0.001."""
    size = abs(value)
    if size and (size >= 1e6 or size < 1e-3):
        mantissa, exponent = f"{value:.1e}".split("e")
        raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{'' if mantissa == '1.0' else f'{mantissa}×'}10{raised}".replace("-", "−")
    rounded = float(f"{value:.{digits}g}")
    return (f"{rounded:,.0f}" if size >= 1e3 else f"{rounded:g}").replace("-", "−")


def steady(value: float) -> str:
    """Return a number with as many digits at every moment: a line does not jump while time is dragged."""
    size = abs(value)
    if 0.01 <= size < 100:
        return f"{value:.{4 if size < 0.1 else 3}f}".replace("-", "−")
    return in_words(value)


def signed(points: float) -> str:
    """Return points with one digit behind the point, without a sign where they are 0.0."""
    return f"{points:.1f}".replace("-0.0", "0.0").replace("-", "−")


def ends(low: float | None, high: float | None) -> str:
    """Return the ends of an interval, '' with one seed."""
    return "" if low is None or high is None else f"{signed(low)} to {signed(high)}"


def listed(items: list[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))
