"""Keep secrets at rest: encrypt small texts, and look them up by a keyed hash without decrypting anything."""

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet


class Vault:
    """Encrypts with one key and hashes with another, both derived from the operator's ENCRYPTION_KEY."""

    def __init__(self, key: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(key, b"encrypt")))
        self._hash_key = _derive(key, b"look-up")

    def encrypt(self, text: str) -> bytes:
        """Encrypt with authentication (Fernet: AES-128-CBC and HMAC-SHA256); differs at each call."""
        return self._fernet.encrypt(text.encode())

    def decrypt(self, token: bytes) -> str:
        """Give back the text; raises `cryptography.fernet.InvalidToken` when it was altered."""
        return self._fernet.decrypt(bytes(token)).decode()

    def lookup_hash(self, text: str) -> bytes:
        """Hash a text with the look-up key: 32 bytes, the same at each call, worthless without the key."""
        return hmac.digest(self._hash_key, text.encode(), "sha256")


def _derive(key: str, purpose: bytes) -> bytes:
    # scrypt once per process: an operator's pass phrase may be short of entropy, so guessing must cost.
    return hashlib.scrypt(key.encode(), salt=b"leb-portal:" + purpose, n=2**14, r=8, p=1, dklen=32)


@lru_cache(maxsize=4)
def vault(key: str) -> Vault:
    """Give the vault of a key; derived once a process."""
    return Vault(key)
