"""The people who hold cards; each belongs to the agent who registered them."""
