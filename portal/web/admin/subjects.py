"""What an id stands for, as people know it: its reference or name, and the page about it."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from markupsafe import Markup

from portal.agents import queries as agents
from portal.catalogue import queries as catalogue
from portal.payments import queries as payments
from portal.payouts import queries as payouts
from portal.receipts import queries as receipts
from portal.refunds import queries as refunds
from portal.renewals import queries as renewals
from portal.web import language


@dataclass(frozen=True, slots=True)
class Subject:
    """A reference or a name, and the address of the page about it; empty where there is none."""

    words: str
    address: str = ""

    def __html__(self) -> str:
        """Write the words, as a link where there is a page."""
        if not self.address:
            return str(Markup("{}").format(self.words))
        return str(Markup('<a href="{}">{}</a>').format(self.address, self.words))


def known(ids: Collection[UUID]) -> dict[UUID, Subject]:
    """Find what some ids stand for; those of what has neither reference nor name are left out."""
    if not ids:
        return {}
    of_receipts = receipts.renewals_of(ids)
    references = renewals.references_of({*ids, *of_receipts.values()})
    sold = {one: Subject(text, f"/admin/transactions/{one}") for one, text in references.items()}
    return {
        **sold,
        **{one: sold[renewal] for one, renewal in of_receipts.items() if renewal in sold},
        **{one: Subject(text, f"/admin/payments/{one}") for one, text in payments.references_of(ids).items()},
        **{
            one: Subject(text, f"/admin/payments/{payment}")
            for one, (text, payment) in payments.references_of_refunds(ids).items()
        },
        **{one: Subject(text, f"/admin/refunds/{one}") for one, text in refunds.references_of(ids).items()},
        **{
            one: Subject(dispute.reference, f"/admin/disputes/{one}")
            for one, dispute in refunds.disputes_by_ids(ids).items()
        },
        **{
            one: Subject(text, f"/admin/payouts/runs/{run}" if run else "/admin/payouts/")
            for one, (text, run) in payouts.references_of(ids).items()
        },
        **{one: Subject(text, f"/admin/payouts/runs/{one}") for one, text in payouts.references_of_runs(ids).items()},
        **{one: Subject(language.name_of(agent), f"/admin/agents/{one}") for one, agent in agents.by_ids(ids).items()},
        **{one: Subject(code, f"/admin/catalogue/{code}") for one, code in catalogue.codes_of(ids).items()},
    }
