"""Stand-in carriers in a process of their own: they keep their own books and misbehave on demand."""
