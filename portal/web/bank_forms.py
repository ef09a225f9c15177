"""The form of a bank account, for agents and for the operator."""

from flask_babel import lazy_gettext as _l

from portal.payouts import bank_account
from portal.payouts.bank_account import BankAccount
from portal.web.forms import LineField, PortalForm


class BankAccountFields:
    """A bank account as it stands on the bank's papers."""

    holder = LineField(_l("Account holder"), max_length=140)
    bank = LineField(_l("Name of the bank"), max_length=140)
    number = LineField(_l("Account number or IBAN"), max_length=50)
    bic = LineField(_l("BIC (SWIFT code)"), max_length=11, is_required=False)


class BankAccountForm(BankAccountFields, PortalForm):
    """Where an agent wants to be paid."""

    def account(self) -> BankAccount:
        """Read what was typed.

        Raises:
            InvalidInput: the number or the BIC cannot be.
        """
        return bank_account.read(
            holder=self.holder.data, bank=self.bank.data, number=self.number.data, bic=self.bic.data or ""
        )
