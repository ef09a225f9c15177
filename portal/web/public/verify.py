"""Verify a receipt without signing in: by the code in its QR picture, by its number, or by its file."""

from dataclasses import dataclass, replace
from enum import StrEnum

from flask import render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired, FileSize
from werkzeug.wrappers import Response

from portal.receipts import credit_notes, verification
from portal.receipts.models import CreditNote, Receipt
from portal.receipts.verification import FileVerdict, PublicFacts, Sameness
from portal.renewals import queries as renewals
from portal.renewals.states import RenewalState
from portal.web import access, limits, requests
from portal.web.forms import PortalForm
from portal.web.public.blueprint import blueprint

look_ups = limits.limiter.limit("40 per minute; 400 per hour", key_func=limits.by_address)
"""Codes cannot be guessed, numbers can: nobody shall read through the year's numbers either."""


class Standing(StrEnum):
    """How a receipt stands today."""

    GENUINE = "genuine"
    """We issued it, and the renewal stands."""
    PARTLY_REFUNDED = "partly_refunded"
    """We issued it; a part of the money went back since."""
    REFUNDED = "refunded"
    """We issued it; all of the money went back since."""
    UNKNOWN = "unknown"
    """We issued nothing of this code or number."""


OF_RENEWAL = {
    RenewalState.REFUNDED: Standing.REFUNDED,
    RenewalState.PARTLY_REFUNDED: Standing.PARTLY_REFUNDED,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What the page says: how the receipt stands, what may be told of it, and what its file turned out to be."""

    standing: Standing
    facts: PublicFacts | None = None
    code: str | None = None
    """None when only the number was given: numbers can be counted through, so they tell neither sum nor card."""
    sameness: Sameness | None = None
    credit_notes: tuple[str, ...] = ()
    """The numbers of the credit notes that correct it."""

    @property
    def status(self) -> int:
        """The HTTP status of the page."""
        return 404 if self.standing is Standing.UNKNOWN else 200


class FileForm(PortalForm):
    """A receipt's file to compare."""

    file = FileField(
        _l("Receipt file (PDF)"),
        validators=[
            FileRequired(_l("Choose the PDF file of a receipt first.")),
            FileSize(
                max_size=verification.MAX_FILE_BYTES,
                message=_l("This file is larger than 2 MB, so it is no receipt of ours."),
            ),
        ],
    )


@blueprint.get("/verify/")
@access.public
@look_ups
def verify() -> Response | tuple[str, int]:
    """Ask for a code, a number or a file; `q` is what was typed."""
    typed = request.args.get("q", "").strip()
    if verification.read_code(typed):
        return requests.go_to(f"/verify/{verification.read_code(typed)}")
    if typed:
        note = verification.note_by_number(typed)
        return _show_note(note, code=None) if note else _show(_by_number(typed), typed=typed)
    return render_template("public/verify/ask.html", form=FileForm()), 200


@blueprint.get("/verify/<code>")
@access.public
@look_ups
def verify_code(code: str) -> tuple[str, int]:
    """Say whether the receipt of a code is genuine."""
    receipt = verification.by_code(code)
    if receipt is None and (note := verification.note_by_code(code)):
        return _show_note(note, code=note.verification_code)
    if receipt is None and (note := verification.note_by_number(code)):
        return _show_note(note, code=None)
    return _show(_finding(receipt) if receipt else _by_number(code), typed=code)


@blueprint.post("/verify/")
@access.public
@look_ups
def verify_file() -> tuple[str, int]:
    """Say whether a file is the one that we issued."""
    form = FileForm()
    if not form.validate_on_submit():
        return render_template("public/verify/ask.html", form=form), form.status
    verdict = verification.by_file(form.file.data.read(verification.MAX_FILE_BYTES))
    if verdict.credit_note is not None:
        note = verdict.credit_note
        return _show_note(note, code=note.verification_code, sameness=verdict.sameness)
    if verdict.receipt is None:
        return render_template("public/verify/strange.html", form=FileForm(formdata=None)), 404
    return _show(_of_file(verdict, verdict.receipt), typed="")


def _show(finding: Finding, *, typed: str) -> tuple[str, int]:
    page = "unknown" if finding.standing is Standing.UNKNOWN else "found"
    return (
        render_template(f"public/verify/{page}.html", finding=finding, typed=typed[:80], form=FileForm(formdata=None)),
        finding.status,
    )


def _by_number(typed: str) -> Finding:
    receipt = verification.by_number(typed)
    if receipt is None:
        return Finding(Standing.UNKNOWN)
    return Finding(_standing(receipt), verification.public_facts(receipt), credit_notes=_corrections(receipt))


def _finding(receipt: Receipt) -> Finding:
    facts = verification.public_facts(receipt)
    return Finding(_standing(receipt), facts, receipt.verification_code, credit_notes=_corrections(receipt))


def _of_file(verdict: FileVerdict, receipt: Receipt) -> Finding:
    found = _finding(receipt)
    return replace(found, sameness=verdict.sameness)


def _show_note(note: CreditNote, *, code: str | None, sameness: Sameness | None = None) -> tuple[str, int]:
    facts = verification.public_note_facts(note)
    return render_template("public/verify/credit_note.html", facts=facts, code=code, sameness=sameness), 200


def _corrections(receipt: Receipt) -> tuple[str, ...]:
    return tuple(note.number for note in credit_notes.of_renewal(receipt.renewal_id) if note.number)


def _standing(receipt: Receipt) -> Standing:
    return OF_RENEWAL.get(renewals.by_id(receipt.renewal_id).state, Standing.GENUINE)
