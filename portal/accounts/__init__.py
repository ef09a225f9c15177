"""Users, roles, sign-in, sessions and permissions: who somebody is, and who may do what."""
