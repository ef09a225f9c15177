"""One module a provider, all behind the protocol of `base`."""
