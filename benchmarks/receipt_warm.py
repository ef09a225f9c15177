"""How long a receipt takes beside the least that WeasyPrint takes, both warm, in one process, taken in turns."""

import time
from collections.abc import Callable
from statistics import median

from weasyprint import HTML

from portal.receipts import document, fonts, specimen

ROUNDS = 60
EMPTY_PAGE = "<!doctype html><html><body></body></html>"


def receipt_warm() -> float:
    """Divide the median time of a one-page Chinese and English receipt by that of an empty WeasyPrint page.

    Both are pure computing, so the processor's time is counted: a busy neighbour would interrupt the longer one more.
    """
    document.warm()
    configuration = fonts.load().configuration

    def print_receipt() -> None:
        document.render(specimen.CONTENT, number=specimen.NUMBER)

    def print_empty_page() -> None:
        HTML(string=EMPTY_PAGE).write_pdf(font_config=configuration)

    for _ in range(5):
        print_receipt()
        print_empty_page()
    pairs = [(_seconds(print_receipt), _seconds(print_empty_page)) for _ in range(ROUNDS)]
    receipts, empty_pages = zip(*pairs, strict=True)
    return median(receipts) / median(empty_pages)


def raw_receipts_per_second(count: int = 100) -> float:
    """Count how many receipts a second this process renders, warm, with nothing around it."""
    document.warm()
    started = time.perf_counter()
    for _ in range(count):
        document.render(specimen.CONTENT, number=specimen.NUMBER)
    return count / (time.perf_counter() - started)


def _seconds(act: Callable[[], None]) -> float:
    started = time.process_time()
    act()
    return time.process_time() - started
