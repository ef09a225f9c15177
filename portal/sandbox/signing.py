"""Sign and check with RSA and SHA-256, as the stand-in Alipay and WeChat Pay do, without the portal's libraries."""

from base64 import b64decode, b64encode
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

KEYS = Path(__file__).with_name("keys")


def sign(platform: str, text: str) -> str:
    """Sign as a platform (`alipay`, `wechat_pay`); base64."""
    return b64encode(_private(platform).sign(text.encode(), PKCS1v15(), SHA256())).decode()


def is_by_merchant(platform: str, text: str, signature: str) -> bool:
    """Tell whether the platform's one merchant signed a text."""
    try:
        _public(platform).verify(b64decode(signature, validate=True), text.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache
def _private(platform: str) -> RSAPrivateKey:
    key = load_pem_private_key((KEYS / f"{platform}_platform_private.pem").read_bytes(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("an RSA key is wanted")
    return key


@lru_cache
def _public(platform: str) -> RSAPublicKey:
    key = load_pem_public_key((KEYS / f"{platform}_merchant_public.pem").read_bytes())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("an RSA key is wanted")
    return key
