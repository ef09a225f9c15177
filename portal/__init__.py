"""LEB Portal: agents renew travellers' eSIM cards; money, receipts and audit in one place."""
