"""PayPal accounts, through orders v2."""
