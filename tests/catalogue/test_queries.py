from pathlib import Path

import pytest

import portal
from portal.catalogue import importing, plans, queries
from portal.catalogue.models import Term
from portal.catalogue.queries import PlanFilter
from portal.core.actor import COMMAND_LINE
from portal.core.errors import NotFound
from portal.core.ids import new_id
from tests import make

CATALOGUE = (Path(portal.__file__).parent / "demo" / "catalogue.csv").read_bytes()


@pytest.fixture
def catalogue(app):
    importing.load(CATALOGUE, actor=COMMAND_LINE)


def codes(**wanted) -> list[str]:
    return [version.code for version in queries.all_matching(PlanFilter(**wanted))]


def test_filters_plans(catalogue):
    assert codes(text="jp-1g") == ["JP-1G-7D"]
    assert codes(text="日本 1GB") == ["JP-1G-7D"]
    assert codes(text="%") == []
    assert len(codes(region="JP")) == 20
    assert "EU33-UNL-365D" in codes(region="PL", term=Term.LONG)
    assert set(codes(carrier="sandbox-east")) | set(codes(carrier="sandbox-west")) == set(codes())
    assert codes(currency="JPY") == ["KR-10G-30D", "KR-1G-7D", "KR-3G-15D", "KR-5G-30D"]


def test_leaves_retired_plans_out_unless_asked(catalogue):
    plans.retire(code="JP-1G-7D", actor=make.actor())

    assert "JP-1G-7D" not in codes()
    assert codes(is_retired=True) == ["JP-1G-7D"]
    assert len(codes(is_retired=None)) == 105
    assert queries.plan_by_code("JP-1G-7D").plan.is_retired


def test_pages_by_code(catalogue):
    first = queries.matching(PlanFilter())
    second = queries.matching(PlanFilter(), older=first.older)
    third = queries.matching(PlanFilter(), older=second.older)
    back = queries.matching(PlanFilter(), newer=second.newer)

    pages = [[version.code for version in page.rows] for page in (first, second, third)]
    assert [len(page) for page in pages] == [50, 50, 5]
    assert [code for page in pages for code in page] == codes()
    assert [version.code for version in back.rows] == pages[0]
    assert (first.newer, third.older) == (None, None)
    assert back.newer is None


def test_lists_the_currencies_on_sale(catalogue):
    assert queries.currencies() == ["CNY", "JPY", "USD"]


def test_gives_versions_by_id(app):
    version = make.plan()

    assert queries.version_by_id(version.id) is version
    assert queries.versions_by_id([version.id, None, new_id()]) == {version.id: version}
    with pytest.raises(NotFound):
        queries.version_by_id(new_id())
    with pytest.raises(NotFound):
        queries.plan_by_code("NONE")
