from types import SimpleNamespace
from typing import Any

from portal.catalogue.models import Term
from portal.web import choosing
from portal.web.choosing import Wish


def offer(code: str, *regions: str, term: Term = Term.SHORT) -> Any:
    return SimpleNamespace(plan=SimpleNamespace(id=code, code=code, regions=list(regions), term=term))


def card(on: str | None = None) -> Any:
    return SimpleNamespace(plan_version_id=on)


ASIA = offer("ASIA", "HK", "JP", "KR", "SG", "TH")
JAPAN, JAPAN_LONG = offer("JP", "JP"), offer("JP-LONG", "JP", term=Term.LONG)
FRANCE = offer("FR", "FR")
OFFERS = [FRANCE, JAPAN, JAPAN_LONG, ASIA]


def shown(app, *, on: str | None = None, wish: Wish | None = None, offers: list[Any] | None = None):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        return choosing.choose(card(on), OFFERS if offers is None else offers, wish or Wish())


def test_starts_where_the_card_works_now(app):
    choice = shown(app, on="JP")

    assert (choice.region, choice.term, choice.chosen, choice.present) == ("JP", Term.SHORT, JAPAN, JAPAN)


def test_puts_larger_plans_that_work_there_next(app):
    assert [chip.words for chip in shown(app, on="JP").regions] == ["Japan", "5 regions", "France"]


def test_shows_what_was_wished_for(app):
    choice = shown(app, on="JP", wish=Wish(region="FR"))

    assert (choice.region, choice.offers, choice.chosen) == ("FR", [FRANCE], None)


def test_a_chosen_plan_brings_its_region_and_term(app):
    choice = shown(app, wish=Wish(plan="JP-LONG"))

    assert (choice.region, choice.term, choice.chosen) == ("JP", Term.LONG, JAPAN_LONG)


def test_offers_the_terms_that_there_are(app):
    assert shown(app, wish=Wish(region="JP")).terms == [Term.SHORT, Term.LONG]
    assert shown(app, wish=Wish(region="FR")).terms == [Term.SHORT]


def test_puts_many_regions_behind_one_more_click(app):
    many = [offer(code, code) for code in ("AU", "CN", "DE", "FR", "GB", "JP", "US")]

    choice = shown(app, offers=many, wish=Wish(region="US"))

    assert len(choice.regions) == 6
    assert "US" in [chip.key for chip in choice.regions]
    assert len(choice.further) == 1


def test_shows_an_empty_shelf_when_nothing_fits(app):
    choice = shown(app, offers=[])

    assert (choice.regions, choice.offers, choice.chosen) == ([], [], None)
