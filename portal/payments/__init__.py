"""Money from outside: payments, refunds and disputes at the payment providers."""
