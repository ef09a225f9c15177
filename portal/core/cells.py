"""Write cells that no spreadsheet takes for a formula, and read them back."""

FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")
"""What spreadsheets take for the start of a formula (OWASP: CSV injection); the full-width ones in East Asia."""

QUOTE = "'"


def harmless(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run; others stay as they are."""
    return f"{QUOTE}{text}" if is_formula(text.lstrip(QUOTE)) else text


def meant(cell: str) -> str:
    """Give the text that `harmless` wrote into a cell."""
    return cell[1:] if cell.startswith(QUOTE) and is_formula(cell.lstrip(QUOTE)) else cell


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet would run the cell instead of showing it."""
    return cell.startswith(FORMULA_SIGNS)
