"""Everything a credit note says, frozen as plain values, and its one canonical text."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from portal.core.i18n import PaperLanguage
from portal.receipts.content import Issuer, ReceiptContent, SellingAgent, canonical_text, parts_of, plain

VERSION = 1
"""The shape of the canonical text; a credit note of another shape is refused, never guessed at."""


@dataclass(frozen=True, slots=True)
class CreditedLines:
    """What is paid back, in whole minor units of one currency: `tax_minor` is contained in `base_minor`.

    `paid_minor` is the receipt's total, `credited_before_minor` what earlier credit notes paid back of it.
    """

    currency: str
    base_minor: int
    tax_minor: int
    tax_bps: int
    fee_minor: int
    total_minor: int
    paid_minor: int
    credited_before_minor: int


@dataclass(frozen=True, slots=True)
class CreditNoteContent:
    """What a credit note says, all but its number. Instants are aware; `zone` is the IANA zone they are shown in."""

    issuer: Issuer
    receipt_number: str
    receipt_issued_at: datetime
    renewal_reference: str
    refund_reference: str
    issued_at: datetime
    zone: str
    agent: SellingAgent | None
    customer_name: str
    iccid: str
    plan_name_zh: str
    plan_name_en: str
    lines: CreditedLines
    paid_back_to: str
    """A payment method's name, such as `wallet`."""
    reason: str
    """The code of the reason."""
    verification_code: str
    portal_address: str
    language: PaperLanguage

    def __post_init__(self) -> None:
        """Refuse instants without a zone, unknown zones, and sums that do not add up or exceed what was paid."""
        if self.issued_at.tzinfo is None or self.receipt_issued_at.tzinfo is None:
            raise ValueError("a credit note takes aware instants only")
        ZoneInfo(self.zone)
        lines = self.lines
        if lines.total_minor != lines.base_minor + lines.fee_minor:
            raise ValueError("base and fee do not sum to the total")
        if not 0 < lines.total_minor <= lines.paid_minor - lines.credited_before_minor:
            raise ValueError("a credit note is for a positive part of what was paid")

    @property
    def verification_address(self) -> str:
        """The address of the page that says whether this credit note is genuine."""
        return f"{self.portal_address}/verify/{self.verification_code}"


@dataclass(frozen=True, slots=True)
class Correction:
    """What a credit note adds to the receipt that it corrects."""

    receipt_number: str
    refund_reference: str
    issued_at: datetime
    lines: CreditedLines
    paid_back_to: str
    reason: str
    verification_code: str
    portal_address: str


def correcting(receipt: ReceiptContent, correction: Correction) -> CreditNoteContent:
    """Put a credit note together: who and what stand as on the receipt, whatever changed since."""
    return CreditNoteContent(
        issuer=receipt.issuer,
        receipt_number=correction.receipt_number,
        receipt_issued_at=receipt.issued_at,
        renewal_reference=receipt.renewal_reference,
        refund_reference=correction.refund_reference,
        issued_at=correction.issued_at,
        zone=receipt.zone,
        agent=receipt.agent,
        customer_name=receipt.customer_name,
        iccid=receipt.iccid,
        plan_name_zh=receipt.plan.name_zh,
        plan_name_en=receipt.plan.name_en,
        lines=correction.lines,
        paid_back_to=correction.paid_back_to,
        reason=correction.reason,
        verification_code=correction.verification_code,
        portal_address=correction.portal_address,
        language=receipt.language,
    )


def to_canonical_json(content: CreditNoteContent) -> str:
    """Write the content as its one canonical text, as receipts are."""
    return canonical_text({**plain(content), "version": VERSION})


def from_canonical_json(text: str) -> CreditNoteContent:
    """Read the content back from its canonical text.

    Raises:
        ValueError: the text has another version, or a number with a fraction.
        TypeError: a part is missing or unknown.
    """
    parts = parts_of(text, version=VERSION)
    return CreditNoteContent(
        issuer=Issuer(**parts.pop("issuer")),
        receipt_issued_at=datetime.fromisoformat(parts.pop("receipt_issued_at")),
        issued_at=datetime.fromisoformat(parts.pop("issued_at")),
        agent=SellingAgent(**agent) if (agent := parts.pop("agent")) else None,
        lines=CreditedLines(**parts.pop("lines")),
        language=PaperLanguage(parts.pop("language")),
        **parts,
    )
