"""Say whether a receipt is ours: by its code, by its number, or by its file; nothing personal is told."""

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

from portal.cards import iccid
from portal.core.money import Money
from portal.receipts import credit_note, credit_notes, queries
from portal.receipts.content import from_canonical_json
from portal.receipts.models import CreditNote, Receipt

MAX_FILE_BYTES = 2 * 2**20
"""A receipt is under 100 kB; what is larger is none of ours."""

MAX_UNPACKED_BYTES = 8 * 2**20
"""So much of a stranger's file is unpacked at most, whatever it promises (zip bombs)."""

MOST_STREAMS = 200
"""A receipt has about 30 packed parts."""

_NUMBER = re.compile(r"(?:LEB|CN)-\d{4}-\d{7}")
_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{20}")
_CODE_IN_ADDRESS = re.compile(rb"/verify/([0-9A-HJKMNP-TV-Z]{20})(?![0-9A-Z])")
_PDF_STREAM = re.compile(rb"stream\r?\n")

# Crockford's alphabet has none of these, so a reader who typed one meant its twin.
_TWINS = str.maketrans({"O": "0", "I": "1", "L": "1"})


class Sameness(StrEnum):
    """What a file turned out to be."""

    SAME = "same"
    """The very file that we issued."""
    ALTERED = "altered"
    """It names a receipt of ours, but is not the file that we issued."""
    STRANGE = "strange"
    """Nothing in it is ours."""


@dataclass(frozen=True, slots=True)
class PublicFacts:
    """What anybody may know who holds the receipt: no name, no contact, and the card's number masked."""

    number: str | None
    issued_at: datetime
    zone: str
    """The IANA zone that the receipt's own date is in."""
    total: Money
    masked_iccid: str


@dataclass(frozen=True, slots=True)
class PublicNoteFacts:
    """What anybody may know who holds a credit note: no name, no contact, and the card's number masked."""

    number: str | None
    receipt_number: str
    issued_at: datetime
    zone: str
    """The IANA zone that the note's own date is in."""
    total: Money
    masked_iccid: str


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What a file is, and of which receipt or credit note, where one is known."""

    sameness: Sameness
    receipt: Receipt | None
    credit_note: CreditNote | None = None


def read_code(text: str) -> str | None:
    """Read a verification code in any case, with spaces or dashes, or the address that ends in it; None otherwise."""
    code = re.sub(r"[\s-]", "", text[:300].rpartition("/verify/")[2]).upper().translate(_TWINS)
    return code if _CODE.fullmatch(code) else None


def read_number(text: str) -> str | None:
    """Read the number of a receipt or credit note in any case; None for anything else."""
    number = re.sub(r"\s", "", text[:80]).upper()
    return number if _NUMBER.fullmatch(number) else None


def by_code(text: str) -> Receipt | None:
    """Find the receipt of a verification code as somebody typed it."""
    code = read_code(text)
    return queries.by_verification_code(code) if code else None


def by_number(text: str) -> Receipt | None:
    """Find the receipt of a number as somebody typed it."""
    number = read_number(text)
    return queries.by_number(number) if number else None


def note_by_code(text: str) -> CreditNote | None:
    """Find the credit note of a verification code as somebody typed it."""
    code = read_code(text)
    return credit_notes.by_verification_code(code) if code else None


def note_by_number(text: str) -> CreditNote | None:
    """Find the credit note of a number as somebody typed it."""
    number = read_number(text)
    return credit_notes.by_number(number) if number else None


def by_file(pdf: bytes) -> FileVerdict:
    """Find out what a file is: ours by its SHA-256, or altered when it still names a code of ours."""
    fingerprint = hashlib.sha256(pdf).hexdigest()
    issued, note = queries.by_file(fingerprint), credit_notes.by_file(fingerprint)
    if issued is not None or note is not None:
        return FileVerdict(Sameness.SAME, issued, note)
    for code in codes_in(pdf):
        named, note = queries.by_verification_code(code), credit_notes.by_verification_code(code)
        if named is not None or note is not None:
            return FileVerdict(Sameness.ALTERED, named, note)
    return FileVerdict(Sameness.STRANGE, None)


def public_facts(receipt: Receipt) -> PublicFacts:
    """Give what the verification page may tell, from the frozen content."""
    content = from_canonical_json(receipt.content)
    return PublicFacts(
        number=receipt.number,
        issued_at=receipt.issued_at,
        zone=content.zone,
        total=Money(content.lines.total_minor, content.lines.currency),
        masked_iccid=iccid.masked(content.iccid),
    )


def public_note_facts(note: CreditNote) -> PublicNoteFacts:
    """Give what the verification page may tell of a credit note, from the frozen content."""
    content = credit_note.from_canonical_json(note.content)
    return PublicNoteFacts(
        number=note.number,
        receipt_number=content.receipt_number,
        issued_at=note.issued_at,
        zone=content.zone,
        total=Money(content.lines.total_minor, content.lines.currency),
        masked_iccid=iccid.masked(content.iccid),
    )


def codes_in(pdf: bytes) -> list[str]:
    """List the verification codes that a file links to, in its plain parts and in those it packs (FlateDecode)."""
    codes: dict[str, None] = {}
    for part in (pdf, *_unpacked(pdf)):
        codes.update(dict.fromkeys(found.decode() for found in _CODE_IN_ADDRESS.findall(part)))
    return list(codes)[:5]


def _unpacked(pdf: bytes) -> Iterator[bytes]:
    room = MAX_UNPACKED_BYTES
    whole = memoryview(pdf)
    for start in islice(_PDF_STREAM.finditer(pdf), MOST_STREAMS):
        if room <= 0:
            return
        try:
            part = zlib.decompressobj().decompress(whole[start.end() :], room)
        except zlib.error:
            continue  # pictures, fonts and damaged parts; the address stands elsewhere or nowhere
        room -= len(part)
        yield part
