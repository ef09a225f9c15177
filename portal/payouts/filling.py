"""Fill the sheets of a workbook that stands but for their many rows: a library that looks at each cell takes ten times.

The rows are what xlsxwriter writes in its own `constant_memory` mode: texts inline, numbers with a style.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

_DIMENSION = re.compile(r'<dimension ref="A1:([A-Z]+)1"/>')


def words(place: str, text: str) -> str:
    """Write a cell with a text, which is never read as a formula; `place` is `B2`."""
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def number(place: str, value: float, style: int) -> str:
    """Write a cell with a number, shown in a style of the workbook by its index."""
    return f'<c r="{place}" s="{style}"><v>{value:.16G}</v></c>'


def filled(book: io.BytesIO, rows: Mapping[int, Iterable[list[str]]]) -> bytes:
    """Put rows of cells below the first row of sheets, by the sheets' number from one, and give the whole file.

    The same book and rows give the same bytes.
    """
    file = io.BytesIO()
    by_name = {f"xl/worksheets/sheet{sheet}.xml": cells for sheet, cells in rows.items()}
    with zipfile.ZipFile(book) as bare, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as full:
        for entry in bare.infolist():
            content = bare.read(entry)
            if entry.filename in by_name:
                content = _filled(content.decode(), by_name[entry.filename]).encode()
            full.writestr(entry, content)
    return file.getvalue()


def _filled(sheet: str, rows: Iterable[list[str]]) -> str:
    written = [f'<row r="{nr}">{"".join(cells)}</row>' for nr, cells in enumerate(rows, 2)]
    sheet = _DIMENSION.sub(rf'<dimension ref="A1:\g<1>{len(written) + 1}"/>', sheet, count=1)
    return sheet.replace("</sheetData>", "".join(written) + "</sheetData>", 1)
