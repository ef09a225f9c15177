"""Send a receipt to who may have it: the sheet as it was issued, or a copy for a thermal roll once it is printed."""

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from portal.core.db import transaction
from portal.receipts import queries as receipts
from portal.receipts import requesting
from portal.receipts.content import Paper
from portal.receipts.models import CreditNote, Receipt, ReceiptRoll
from portal.web import requests


def wants_roll() -> bool:
    """Tell whether the address asks for the copy on a thermal roll: `?paper=thermal`."""
    return request.args.get("paper") == Paper.THERMAL


def send(printed: Receipt | ReceiptRoll | CreditNote, *, is_kept: bool = False) -> Response:
    """Send a file to look at, or to keep.

    Raises:
        ReceiptNotReady: it is still being made.
        ReceiptFileDiffers: the stored bytes are not those that were written.
    """
    response = make_response(receipts.file_of(printed))
    response.mimetype = "application/pdf"
    disposition = "attachment" if is_kept else "inline"
    response.headers["Content-Disposition"] = f'{disposition}; filename="{printed.download_name}"'
    return response


def send_roll(receipt: Receipt, *, back: str, is_kept: bool = False) -> Response:
    """Send the copy on a thermal roll; the first to ask has it printed, and sees a page that asks again by itself.

    Args:
        receipt: whose copy.
        back: the address of the page that led here.
        is_kept: send it to keep, not to look at.

    Raises:
        ReceiptNotReady: the receipt itself is still being made.
    """
    roll = receipts.roll_of(receipt)
    if roll is None:
        with transaction():
            requesting.request_roll(receipt)
    elif roll.is_ready and not requests.is_htmx():
        return send(roll, is_kept=is_kept)
    piece = "_roll" if requests.is_htmx() else "roll"
    page = make_response(
        render_template(
            f"receipt_files/{piece}.html", receipt=receipt, is_ready=roll is not None and roll.is_ready, back=back
        )
    )
    if not requests.is_htmx():
        page.status_code, page.headers["Retry-After"] = 202, "2"
    return page
