"""Draw the verification address as a QR code into a finished page: a plain path, cheaper than any picture."""

import re

import pydyf
import segno
from weasyprint import Document

POINTS_PER_PIXEL = 0.75
"""CSS pixels are 1/96 inch, PDF points 1/72."""

_DARK_RUN = re.compile(rb"\x01+")


def draw(document: Document, pdf: pydyf.PDF, address: str) -> tuple[int, float]:
    """Draw the code over the one link of a document, which leads to the same address.

    Returns:
        The index of the page it stands on, and its lower edge there in points from the top.

    Raises:
        LookupError: the document has no link, so no room is kept for the code.
    """
    for index, page in enumerate(document.pages):
        for _, _, (left, top, right, bottom), _ in page.links:
            sheet = pdf.objects[pdf.pages["Kids"][3 * index]]
            painting = _painting(address, left, page.height - top, right - left)
            pdf.add_object(painting)
            # In front of the page's own stream, which turns the axes and never turns them back.
            sheet["Contents"] = pydyf.Array([painting.reference, sheet["Contents"]])
            return index, bottom * POINTS_PER_PIXEL
    raise LookupError("the document keeps no room for the code")


def _painting(address: str, left: float, top: float, side: float) -> pydyf.Stream:
    """Make the drawing; lengths are in pixels from the lower left corner of the page.

    The mask is fixed: trying all eight takes five times as long, and every one of them scans.
    """
    rows = segno.make(address, error="m", micro=False, boost_error=False, mask=3).matrix
    squares = [
        b"%d %d %d 1 re" % (run.start(), y, run.end() - run.start())
        for y, row in enumerate(rows)
        for run in _DARK_RUN.finditer(row)
    ]
    painting = pydyf.Stream(compress=True)
    painting.push_state()
    module = side * POINTS_PER_PIXEL / len(rows)
    painting.set_matrix(module, 0, 0, -module, left * POINTS_PER_PIXEL, top * POINTS_PER_PIXEL)
    painting.stream.extend(squares)
    painting.fill()
    painting.pop_state()
    return painting
