"""Codes: written one way however they are typed, made in bulk so that nobody guesses one."""

import re
import unicodedata
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert, select

from portal.audit import log
from portal.core import ids, uniqueness
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.promotions import queries
from portal.promotions.errors import CodeTaken
from portal.promotions.models import PromotionCode

LENGTH = 12
"""Signs of a code made in bulk: 60 random bits. Of a million codes, a guess in a million million finds one."""

MOST_AT_ONCE = 10_000

MOST_USES = 1_000_000

_SIGNS = re.compile(r"[A-Z0-9]{4,24}")
_LEFT_OUT = re.compile(r"[\s\-_–—]+")


def normal(text: str) -> str:
    """Write a code as it is kept: capital half-width letters and digits, without spaces and hyphens.

    Gives an empty text for what can be no code.
    """
    written = _LEFT_OUT.sub("", unicodedata.normalize("NFKC", text[:80])).upper()
    return written if _SIGNS.fullmatch(written) else ""


def shown(code: str) -> str:
    """Write a code made in bulk in groups of four, as people copy it; one that somebody chose stays whole."""
    return "-".join([code[:4], code[4:8], code[8:]]) if len(code) == LENGTH else code


def add(promotion_id: UUID, *, code: str, max_uses: int | None, actor: Actor) -> PromotionCode:
    """Give a promotion a code that people can remember; `max_uses` None is as often as the promotion lets.

    Raises:
        InvalidInput: `promotion_code_invalid`, `number_range`, `promotion_needs_no_code`.
        CodeTaken: a promotion has this code already.
        NotFound: there is no such promotion.
    """
    promotion = queries.by_id(promotion_id)
    if promotion.is_automatic:
        raise InvalidInput(field="code", reason="promotion_needs_no_code")
    kept = normal(code)
    if not kept:
        raise InvalidInput(field="code", reason="promotion_code_invalid")
    if max_uses is not None:
        _check_range("max_uses", max_uses, most=MOST_USES)
    if db.session.scalar(select(PromotionCode.id).where(PromotionCode.code == kept)) is not None:
        raise CodeTaken
    made = PromotionCode(id=ids.new_id(), promotion_id=promotion.id, code=kept, max_uses=max_uses)
    db.session.add(made)
    uniqueness.flush("uq_promotion_codes_code")
    log.record(
        actor=actor,
        act="promotions.add_code",
        subject=("promotion", promotion.id),
        after={"code": kept, "max_uses": max_uses},
    )
    return made


def make(promotion_id: UUID, *, count: int, actor: Actor) -> Sequence[str]:
    """Make codes in bulk, each for one use; give them as they are kept.

    Raises:
        InvalidInput: `number_range`, `promotion_needs_no_code`.
        NotFound: there is no such promotion.
    """
    promotion = queries.by_id(promotion_id)
    if promotion.is_automatic:
        raise InvalidInput(field="count", reason="promotion_needs_no_code")
    _check_range("count", count, most=MOST_AT_ONCE)
    made = [ids.unguessable_code(LENGTH) for _ in range(count)]
    db.session.execute(
        insert(PromotionCode),
        [{"id": ids.new_id(), "promotion_id": promotion.id, "code": code, "max_uses": 1, "used": 0} for code in made],
    )
    log.record(
        actor=actor, act="promotions.make_codes", subject=("promotion", promotion.id), after={"count": len(made)}
    )
    return made


def _check_range(field: str, number: int, *, most: int) -> None:
    if not 1 <= number <= most:
        raise InvalidInput(field=field, reason="number_range", least=1, most=most)
