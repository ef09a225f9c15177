"""The forms of the catalogue: a plan as people type it, and the filter of the list."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import HiddenField, SelectField

from portal.carriers import registry
from portal.catalogue.models import PlanVersion, Term
from portal.catalogue.offers import PlanOffer
from portal.catalogue.queries import PlanFilter
from portal.core.i18n import MB_IN_GB
from portal.core.money import Money, to_decimal_text
from portal.web import words
from portal.web.admin import filtering, typed
from portal.web.admin.agent_forms import currency_field, read_currency
from portal.web.admin.filtering import ChoiceField, FilterForm
from portal.web.forms import LineField, PortalForm, choices

RETIRED, ALL = "retired", "all"


class PlansFilter(FilterForm):
    """Which plans to list."""

    q = filtering.text_field(_l("Code or name"))
    region = filtering.text_field(_l("Region"))
    carrier = ChoiceField(_l("Carrier"), any_words=_l("Every carrier"))
    term = ChoiceField(_l("Term"), known=words.TERMS, any_words=_l("Any term"))
    state = ChoiceField(
        _l("State"), known={RETIRED: _l("Retired"), ALL: _l("On sale and retired")}, any_words=_l("On sale")
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.carrier.choices = [*self.carrier.choices, *choices({name: name for name in registry.names()})]

    def wanted(self) -> PlanFilter:
        """Give what to look for."""
        return PlanFilter(
            text=self.q.data or "",
            region=(self.region.data or "").upper() or None,
            carrier=self.carrier.data or None,
            term=Term(self.term.data) if self.term.data else None,
            is_retired={RETIRED: True, ALL: None}.get(self.state.data, False),
        )


class PlanForm(PortalForm):
    """What a plan offers."""

    carrier = SelectField(_l("Carrier"))
    name_en = LineField(_l("Name in English"), max_length=120)
    name_zh = LineField(_l("Name in Chinese"), max_length=120)
    data_mb = LineField(_l("Data"), max_length=12, is_required=False)
    unit = SelectField(_l("Unit"), choices=choices({"GB": "GB", "MB": "MB"}))
    validity_days = LineField(_l("Validity in days"), max_length=5)
    regions = LineField(_l("Regions"), max_length=1000)
    term = SelectField(_l("Term"), choices=choices(words.TERMS))
    currency = currency_field()
    price_minor = LineField(_l("Price, tax included"), max_length=30)
    cost_minor = LineField(_l("Cost"), max_length=30)
    tax_bps = LineField(_l("Tax in the price, %"), max_length=7, default="0")
    seen_version = HiddenField()

    def __init__(self, *args: Any, standing: PlanVersion | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = registry.names()
        if standing is not None and standing.carrier not in names:
            names = [*names, standing.carrier]  # kept though it is switched off: saving then says so
        self.carrier.choices = choices({name: name for name in names})
        if standing is not None and not self.is_submitted():
            self._show(standing)

    def _show(self, standing: PlanVersion) -> None:
        for name in ("carrier", "name_en", "name_zh", "validity_days", "currency"):
            self[name].data = str(getattr(standing, name))
        is_whole = standing.data_mb is not None and standing.data_mb % MB_IN_GB == 0
        self.unit.data = "MB" if standing.data_mb and not is_whole else "GB"
        if standing.data_mb is not None:
            self.data_mb.data = str(standing.data_mb // MB_IN_GB if is_whole else standing.data_mb)
        self.term.data = standing.term.value
        self.regions.data = ", ".join(standing.regions)
        self.price_minor.data = to_decimal_text(standing.price)
        self.cost_minor.data = to_decimal_text(Money(standing.cost_minor, standing.currency))
        self.tax_bps.data = typed.rate_text(standing.tax_bps)
        self.seen_version.data = str(standing.version)

    def offer(self) -> PlanOffer:
        """Read what was typed.

        Raises:
            InvalidInput: a number, an amount or a rate cannot be; what it means is checked by the catalogue.
        """
        currency = read_currency(self.currency.data)
        return PlanOffer(
            carrier=self.carrier.data,
            name_en=self.name_en.data,
            name_zh=self.name_zh.data,
            data_mb=self._data_mb(),
            validity_days=typed.whole(self.validity_days.data, field="validity_days"),
            regions=tuple(re.split(r"[\s,;，；、]+", self.regions.data)),
            term=Term(self.term.data),
            price_minor=typed.amount_or_zero(self.price_minor.data, currency, field="price_minor").minor,
            cost_minor=typed.amount_or_zero(self.cost_minor.data, currency, field="cost_minor").minor,
            currency=currency,
            tax_bps=typed.rate(self.tax_bps.data, field="tax_bps"),
        )

    def _data_mb(self) -> int | None:
        if not self.data_mb.data:
            return None
        number = typed.whole(self.data_mb.data, field="data_mb")
        return number * MB_IN_GB if self.unit.data == "GB" else number


class NewPlanForm(PlanForm):
    """A new plan under its lasting code."""

    code = LineField(_l("Code"), max_length=40)


class ImportForm(PortalForm):
    """A CSV file to look at."""

    file = FileField(_l("CSV file"))


class ApplyForm(PortalForm):
    """The confirmation of a preview."""

    digest = HiddenField()
