import pytest

from portal.core import pages
from portal.core.errors import NotFound
from portal.core.ids import new_id
from portal.customers import queries
from tests import make


def test_another_agents_customer_is_not_found(app):
    alice, bob = make.agent(), make.agent()
    carol = make.customer(alice)

    assert queries.for_agent(alice.id, carol.id) is carol
    with pytest.raises(NotFound):
        queries.for_agent(bob.id, carol.id)
    with pytest.raises(NotFound):
        queries.for_agent(alice.id, new_id())


@pytest.mark.parametrize("text", ["喆", "ZHE@", "138 0013", "13800138001", "+86 138 0013 8001"])
def test_finds_a_customer_by_any_part(app, text):
    alice = make.agent()
    zhe = make.customer(alice, name="张喆", email="zhe@customers.example")
    zhe.phone = "+8613800138001"
    make.customer(alice, name="Carol", email="carol@customers.example")

    assert [row.name for row in queries.matching(alice.id, text).rows] == ["张喆"]
    assert [row.name for row in queries.suggestions(alice.id, text)] == (["张喆"] if len(text) > 1 else [])


@pytest.mark.parametrize("text", ["%", "_", "\x00%", "' OR 1=1 --", "\\"])
def test_takes_no_sign_of_a_search_for_a_pattern(app, text):
    alice = make.agent()
    make.customer(alice, name="Carol", email="carol@customers.example")

    assert list(queries.matching(alice.id, text).rows) == []


def test_pages_by_keyset_there_and_back(app, monkeypatch):
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    alice, bob = make.agent(), make.agent()
    e, d, c, b, a = sorted((make.customer(alice) for _ in range(5)), key=lambda customer: customer.id)
    make.customer(bob)

    first = queries.matching(alice.id)
    second = queries.matching(alice.id, older=first.older)
    third = queries.matching(alice.id, older=second.older)
    back = queries.matching(alice.id, newer=third.newer)

    assert [list(page.rows) for page in (first, second, third, back)] == [[a, b], [c, d], [e], [c, d]]
    assert first.newer is None
    assert third.older is None
    assert second.newer == str(c.id)


def test_a_key_that_is_none_of_ours_gives_the_first_page(app):
    alice = make.agent()
    make.customer(alice, name="Carol")

    page = queries.matching(alice.id, older="../../etc")

    assert [row.name for row in page.rows] == ["Carol"]
    assert page.newer is None


def test_knows_one_person_by_address_in_any_case(app):
    alice, bob = make.agent(), make.agent()
    make.customer(alice, email="carol@customers.example")
    make.customer(bob, email="carol@customers.example")
    make.customer(bob, email="dave@customers.example")

    assert len(queries.with_email(" Carol@Customers.example ")) == 2
