from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

import portal
from portal.audit.models import AuditRecord
from portal.catalogue import exporting, importing, plans, queries
from portal.catalogue.errors import ImportFaulty, PreviewChanged
from portal.catalogue.importing import Applied
from portal.catalogue.models import PlanVersion
from portal.catalogue.offers import FieldChange
from portal.catalogue.queries import PlanFilter
from portal.core import turns
from portal.core.actor import COMMAND_LINE
from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput, NotFound
from portal.core.ids import new_id
from tests import make
from tests.beside import all_at_once

CATALOGUE = (Path(portal.__file__).parent / "demo" / "catalogue.csv").read_bytes()
HEADER = CATALOGUE.partition(b"\n")[0].decode().strip()
JAPAN = "JP-1G-7D,sandbox-east,Japan 1 GB / 7 days,日本 1GB/7天,1024,7,JP,short,2800,1911,CNY,600"
KOREA = "KR-1G-7D,sandbox-west,South Korea 1 GB / 7 days,韩国 1GB/7天,1024,7,KR,short,600,409,JPY,1000"


def file(*lines: str) -> bytes:
    return "\r\n".join([HEADER, *lines, ""]).encode("utf-8-sig")


def apply(content: bytes) -> Applied:
    return importing.apply(importing.bring(content, actor=make.actor()).id, actor=make.actor())


def versions() -> int:
    return db.session.scalar(select(func.count(PlanVersion.id)))


def test_shows_what_would_change_and_changes_nothing(app):
    apply(file(JAPAN, KOREA))
    plans.retire(code="KR-1G-7D", actor=make.actor())

    brought = importing.bring(
        file(
            JAPAN,
            KOREA.replace("600,409", "660,409").replace(",1024,", ",,"),
            JAPAN.replace("JP-1G-7D", "JP-NEW"),
            JAPAN.replace("JP-1G-7D", "JP-BAD").replace("short", "middling"),
        ),
        actor=make.actor(),
    )
    preview = importing.preview(brought)

    (korea,) = preview.changed
    assert [row.code for row in preview.unchanged] == ["JP-1G-7D"]
    assert [row.code for row in preview.new] == ["JP-NEW"]
    assert (korea.row.code, korea.version, korea.is_retired) == ("KR-1G-7D", 1, True)
    assert korea.changes == [FieldChange("data_mb", 1024, None), FieldChange("price_minor", 600, 660)]
    assert [(fault.line, fault.column, fault.reason) for fault in preview.faults] == [(5, "term", "term_unknown")]
    assert versions() == 2


def test_applies_a_file_whole(app):
    assert apply(file(JAPAN)) == Applied(added=1)

    assert apply(file(JAPAN.replace("2800", "2900"), KOREA)) == Applied(added=1, changed=1)

    japan = queries.plan_by_code("JP-1G-7D")
    assert (japan.version, japan.price_minor) == (2, 2900)
    assert db.session.scalars(select(AuditRecord.act).order_by(AuditRecord.id)).all() == [
        "catalogue.bring_import",
        "plans.add",
        "catalogue.apply_import",
        "catalogue.bring_import",
        "plans.add",
        "plans.change",
        "catalogue.apply_import",
    ]


def test_applying_twice_changes_nothing(app):
    brought = importing.bring(file(JAPAN, KOREA), actor=make.actor())
    first = importing.apply(brought.id, actor=make.actor())
    apply(file(JAPAN.replace("2800", "1")))

    second = importing.apply(brought.id, actor=make.actor())

    assert (first, second) == (Applied(added=2), Applied())
    assert queries.plan_by_code("JP-1G-7D").price_minor == 1
    assert brought.applied_at is not None


def test_the_same_file_again_changes_nothing(app):
    apply(CATALOGUE)

    assert apply(CATALOGUE) == Applied(unchanged=105)
    assert versions() == 105


def test_refuses_a_file_with_a_faulty_line_whole(app):
    brought = importing.bring(file(JAPAN, KOREA.replace("JPY", "RMB")), actor=make.actor())

    with pytest.raises(ImportFaulty) as refusal:
        importing.apply(brought.id, actor=make.actor())

    assert refusal.value.parts == {"count": 1}
    assert versions() == 0


def test_refuses_to_do_what_the_preview_did_not_show(app):
    apply(file(JAPAN))
    brought = importing.bring(file(JAPAN.replace("2800", "2900")), actor=make.actor())
    shown = importing.preview(brought).digest
    apply(file(JAPAN.replace("2800", "2700")))

    with pytest.raises(PreviewChanged):
        importing.apply(brought.id, shown=shown, actor=make.actor())
    importing.apply(brought.id, shown=importing.preview(brought).digest, actor=make.actor())

    assert queries.plan_by_code("JP-1G-7D").price_minor == 2900


def test_keeps_nothing_of_a_file_that_cannot_be_read(app):
    with pytest.raises(InvalidInput):
        importing.bring(b"\xff\xfe\x00", actor=make.actor())


def test_an_unknown_import_is_not_found(app):
    with pytest.raises(NotFound):
        importing.apply(new_id(), actor=make.actor())


def test_loads_the_demo_catalogue_from_the_command_line(app):
    assert importing.load(CATALOGUE, actor=COMMAND_LINE) == Applied(added=105)
    assert importing.load(CATALOGUE, actor=COMMAND_LINE) == Applied(unchanged=105)


def test_what_is_exported_imports_as_it_was(app):
    apply(CATALOGUE)

    text = exporting.to_csv(PlanFilter())

    assert apply(text.encode()) == Applied(unchanged=105)


def test_exports_what_a_filter_leaves(app):
    apply(file(JAPAN, KOREA))
    plans.retire(code="KR-1G-7D", actor=make.actor())

    assert exporting.to_csv(PlanFilter()).splitlines() == ["\ufeff" + HEADER, JAPAN]
    assert exporting.to_csv(PlanFilter(is_retired=True)).splitlines() == ["\ufeff" + HEADER, KOREA]
    assert len(exporting.to_csv(PlanFilter(is_retired=None)).splitlines()) == 3


def apply_at_once(app):
    brought_id = in_transaction(lambda: importing.bring(CATALOGUE, actor=make.actor()).id)
    return all_at_once(app, lambda: in_transaction(lambda: importing.apply(brought_id, actor=make.actor())), times=4)


def test_one_import_applied_at_once_from_two_tabs_is_applied_once(own_app):
    outcomes = apply_at_once(own_app)

    assert sorted(outcomes, key=lambda applied: applied.added) == [Applied(), Applied(), Applied(), Applied(added=105)]
    assert versions() == 105


def test_one_import_applied_at_once_collides_without_the_turn(own_app, monkeypatch):
    all_have_looked, look = Barrier(4), queries.current_by_code

    def look_and_meet(codes):
        seen = look(codes)
        all_have_looked.wait(20)  # each looks twice, the second time right before it writes
        return seen

    monkeypatch.setattr(turns, "wait_for", lambda name: None)
    monkeypatch.setattr(queries, "current_by_code", look_and_meet)

    outcomes = apply_at_once(own_app)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Applied"] + ["IntegrityError"] * 3
