"""Every act of every user, written once and never changed."""
