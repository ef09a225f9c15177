"""When a wallet needs an automatic top-up, and what follows from how one ended; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.core.money import Money
from portal.payments.models import PaymentState
from portal.wallets.models import AutomaticTopUp, TopUpAttemptState, TopUpRest

DECLINES_UNTIL_PAUSE = 3
"""Banks count what is sent to them in vain: after so many refusals in a row nobody is charged until the owner looks."""

AFTER_DECLINE = (timedelta(hours=1), timedelta(hours=6))
"""How long to wait after the first refusal in a row, and after the second."""

OWNER_HAS = timedelta(days=1)
"""How long a card rests whose bank wants its owner there: they were mailed, and pay by hand."""

AFTER_SILENCE = timedelta(minutes=10)
"""How long to wait after a provider was not reached."""

REFUSALS = frozenset({TopUpAttemptState.DECLINED, TopUpAttemptState.OWNER_WANTED, TopUpAttemptState.RETURNED})
"""Endings that count towards the pause."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A wallet as it is decided on: what can be spent, what is on its way into it, what was charged today."""

    available: Money
    on_its_way: Money
    times_today: int
    charged_today: Money


def is_short(standing: Standing, threshold: Money) -> bool:
    """Tell whether less than the threshold is there; money on its way is as good as there."""
    return standing.available + standing.on_its_way < threshold


def is_held_back(available: Money, threshold: Money, *, on_its_way: Money) -> bool:
    """Tell whether nobody is charged although less than the threshold is there, because of money on its way."""
    return available < threshold <= available + on_its_way


def is_day_full(standing: Standing, mandate: AutomaticTopUp) -> bool:
    """Tell whether one more charge would be more than the owner permitted for a day."""
    return standing.times_today >= mandate.most_a_day or mandate.most < standing.charged_today + mandate.amount


def outcome(state: PaymentState, *, decline_code: str | None, was_reached: bool) -> TopUpAttemptState | None:
    """Tell what became of an attempt by its payment; None while its money may still come."""
    match state:
        case PaymentState.BEGUN | PaymentState.HELD:
            return None
        case PaymentState.SETTLED:
            return TopUpAttemptState.PAID
        case PaymentState.RETURNED:
            return TopUpAttemptState.RETURNED
        case PaymentState.EXPIRED:
            return TopUpAttemptState.NOT_REACHED
        case PaymentState.DECLINED if not was_reached:
            return TopUpAttemptState.NOT_REACHED
        case PaymentState.DECLINED if decline_code == "authentication_required":
            return TopUpAttemptState.OWNER_WANTED
        case PaymentState.DECLINED:
            return TopUpAttemptState.DECLINED


def rest_after(ended: TopUpAttemptState, *, declines_in_row: int, now: datetime) -> tuple[TopUpRest, datetime] | None:
    """Tell why and until when nobody is charged after an attempt ended so; None where nothing is to be waited for."""
    match ended:
        case TopUpAttemptState.NOT_REACHED:
            return TopUpRest.NOT_REACHED, now + AFTER_SILENCE
        case TopUpAttemptState.OWNER_WANTED:
            return TopUpRest.OWNER_WANTED, now + OWNER_HAS
        case TopUpAttemptState.DECLINED | TopUpAttemptState.RETURNED:
            return TopUpRest.DECLINED, now + AFTER_DECLINE[min(declines_in_row, len(AFTER_DECLINE)) - 1]
        case _:
            return None
