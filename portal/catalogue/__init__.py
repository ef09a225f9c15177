"""The plans on sale: what they hold, where they work, what they cost."""
