"""How codes are written, made and told apart."""

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.core.db import db, transaction
from portal.promotions import codes
from portal.promotions.models import Promotion, PromotionCode
from tests import make
from tests.promotions import promoting


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("SPRING10", "SPRING10"),
        (" spring 10 ", "SPRING10"),
        ("7k3m-92qd-xx11", "7K3M92QDXX11"),
        ("ＳＰＲＩＮＧ１０", "SPRING10"),
        ("ABC", ""),
        ("A" * 25, ""),
        ("SPRÍNG", ""),
        ("春节", ""),
        ("A'; --B", ""),
        ("\x00\x00\x00\x00", ""),
        ("", ""),
    ],
)
def test_writes_a_code_one_way_however_it_is_typed(typed: str, kept: str) -> None:
    assert codes.normal(typed) == kept


def test_shows_long_codes_in_groups() -> None:
    assert codes.shown("7K3M92QDXX11") == "7K3M-92QD-XX11"
    assert codes.shown("SPRING10") == "SPRING10"


def test_codes_made_in_bulk_differ_and_are_long(session: Session) -> None:
    with transaction():
        promotion = promoting.with_code()
        made = codes.make(promotion.id, count=1_000, actor=make.actor())

    assert len(set(made)) == 1_000
    assert {len(code) for code in made} == {12}
    assert all(codes.normal(codes.shown(code)) == code for code in made)


@pytest.mark.parametrize("table", [Promotion, PromotionCode])
def test_promotions_and_codes_are_never_deleted(session: Session, table: type) -> None:
    with transaction():
        promoting.with_code()

    with pytest.raises(DBAPIError, match="never deleted"), transaction():
        db.session.query(table).delete()
