"""What a version of commission terms changed against the one before it, line by line: pure."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from flask_babel import gettext as _

from portal.agents.commission import Rule, Scheme, Terms, Tier
from portal.agents.models import CommissionTerms
from portal.core.money import Money
from portal.web import filters, regions, words


def of_versions(
    rows: Sequence[CommissionTerms], schemes: Mapping[UUID, Scheme], plans: Mapping[UUID, str]
) -> dict[UUID, list[str]]:
    """Tell of each version what it changed; nothing of one whose version before is not among the rows."""
    by_version = {(row.currency, row.version): schemes[row.id] for row in rows}
    return {
        row.id: since(before, schemes[row.id], currency=row.currency, plans=plans)
        for row in rows
        if (before := by_version.get((row.currency, row.version - 1))) is not None
    }


def plans_of(schemes: Mapping[UUID, Scheme]) -> set[UUID]:
    """Gather the plans that rules are about."""
    rules = (rule for scheme in schemes.values() for rule in scheme.rules)
    return {rule.conditions.plan_id for rule in rules if rule.conditions.plan_id}


def since(before: Scheme, after: Scheme, *, currency: str, plans: Mapping[UUID, str]) -> list[str]:
    """Tell what changed between two schemes; `plans` gives the codes of plans that rules are about."""
    lines = [
        *_rates(before.terms, after.terms, currency),
        *(_("rule taken away: %(rule)s", rule=_rule(rule, plans)) for rule in before.rules if rule not in after.rules),
        *(_("rule added: %(rule)s", rule=_rule(rule, plans)) for rule in after.rules if rule not in before.rules),
        *(
            _("tier taken away: %(tier)s", tier=_tier(tier, currency))
            for tier in before.tiers
            if tier not in after.tiers
        ),
        *(_("tier added: %(tier)s", tier=_tier(tier, currency)) for tier in after.tiers if tier not in before.tiers),
    ]
    return lines or [_("the order of the rules") if before.rules != after.rules else _("nothing")]


def _rates(before: Terms, after: Terms, currency: str) -> Iterator[str]:
    def sum_of(minor: int | None) -> str:
        return "–" if minor is None else filters.figures(Money(minor, currency))

    told = (
        (_("fee"), filters.percent(before.fee_bps), filters.percent(after.fee_bps)),
        (_("fixed fee"), sum_of(before.fee_fixed_minor), sum_of(after.fee_fixed_minor)),
        (_("lowest fee"), sum_of(before.fee_min_minor), sum_of(after.fee_min_minor)),
        (_("highest fee"), sum_of(before.fee_max_minor), sum_of(after.fee_max_minor)),
        (_("our commission"), filters.percent(before.share_bps), filters.percent(after.share_bps)),
        (_("payable after, days"), str(before.hold_days), str(after.hold_days)),
    )
    return (f"{name} {was} → {now}" for name, was, now in told if was != now)


def _rule(rule: Rule, plans: Mapping[UUID, str]) -> str:
    on = rule.conditions
    about = [
        plans.get(on.plan_id, "") if on.plan_id else "",
        regions.name(on.region) if on.region else "",
        str(words.TERMS[on.term]) if on.term else "",
        str(words.SALES[on.sale]) if on.sale else "",
    ]
    rates = [
        f"{_('fee')} {filters.percent(rule.fee_bps)}" if rule.fee_bps is not None else "",
        f"{_('our commission')} {filters.percent(rule.share_bps)}" if rule.share_bps is not None else "",
    ]
    return ", ".join(part for part in (*about, *rates) if part)


def _tier(tier: Tier, currency: str) -> str:
    sum_from = filters.money(Money(tier.from_minor, currency))
    return _("from %(sum)s on, +%(rate)s", sum=sum_from, rate=filters.percent(tier.extra_bps))
