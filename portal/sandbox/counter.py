"""Where payers and calls meet the stand-in Alipay and WeChat Pay: their faults, their pages, their choices."""

from flask import Response, request

from portal.core import clock
from portal.sandbox import books, paying, trading
from portal.sandbox.faults import Fault, Kind
from portal.sandbox.trading import State, Trade

SHOWN = {State.OPEN: "open", State.PAID: "settled"}


def find(seller: str, **by: str) -> Trade | None:
    """Find a trade as it stands now, `by` its `reference` or `number`."""
    with books.current().reading() as connection:
        return trading.find(connection, seller, now=clock.now(), **by)


def let_in(seller: str, number: str) -> None:
    """Open a trade that awaited its payer, who is there now."""
    with books.current().writing() as connection:
        trade = trading.find(connection, seller, now=clock.now(), number=number)
        if trade is not None and trade.state is State.AWAITED:
            trading.turn(connection, trade, State.OPEN)


def choose(trade: Trade, fault: Fault | None, *, declined: State) -> tuple[Trade, bool]:
    """Do what the payer chose (`pay`, `decline`, or nothing); tells whether it changed the trade.

    Args:
        trade: As it was found.
        fault: What strikes the payment.
        declined: The state of a declined trade.
    """
    now, choice = clock.now(), request.form.get("choice")
    with books.current().writing() as connection:
        # Asked again within the transaction: the trade may have been closed, or paid in another window.
        trade = trading.find(connection, trade.seller, now=now, number=trade.number) or trade
        if trade.state is not State.OPEN:
            return trade, False
        is_refused = fault is not None and fault.kind is Kind.REFUSE
        if choice == "pay" and not is_refused:
            return trading.pay(connection, trade, fault, now=now), True
        if choice == "decline" or (choice == "pay" and is_refused):
            return trading.turn(connection, trade, declined), True
    return trade, False


def page(trade: Trade, *, names: dict[str, str], action: str) -> Response:
    """Show a trade to its payer, in the browser's language, Chinese unless it asks for English."""
    language = request.accept_languages.best_match(["zh", "en"]) or "zh"
    return Response(
        paying.page(
            provider=names[language],
            description=trade.description,
            amount=trade.asked,
            action=action,
            language=language,
            state=SHOWN.get(trade.state, "closed"),
        )
    )


def not_here() -> Response:
    """Answer to a page that does not exist."""
    return Response("404", 404, mimetype="text/plain")
