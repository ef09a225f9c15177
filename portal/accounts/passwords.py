"""Passwords: which are good enough, how they are kept (argon2id), and how they are checked in constant time."""

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.core.errors import InvalidInput

MIN_LENGTH = 10
MAX_LENGTH = 200
"""A longer text is refused before it is hashed: hashing megabytes would be a way to keep the server busy."""

# Length rules out the short favourites; these long ones lead the public lists of leaked passwords.
_COMMON_TEXT = """
1234567890 12345678910 0123456789 0987654321 9876543210 123456789a 123456789q a123456789 q123456789 aa123456789
1q2w3e4r5t 1qaz2wsx3edc 1q2w3e4r5t6y qwertyuiop asdfghjkl1 zxcvbnm123 qwerty12345 qwerty123456 qwertyuiop123
password12 password123 password1234 password12345 passw0rd123 iloveyou123 iloveyou12 letmein123 welcome123
welcome1234 administrator admin12345 admin123456 adminadmin football123 baseball123 princess123 sunshine123
superman123 5201314520 woaini1314 woaini520 1234512345 1234554321 147258369 1472583690 qazwsxedc123 changeme123
abcd123456 abc1234567 abcdefghij default123 unknown123
"""
_COMMON = frozenset(_COMMON_TEXT.split())

# argon2-cffi's default is RFC 9106's second recommendation: 64 MiB, three passes; about 50 ms here.
_hasher = PasswordHasher()


def check_quality(password: str, *, email: str) -> None:
    """Refuse a password that is guessed too easily.

    Raises:
        InvalidInput: too short, too long, the e-mail address itself, of very few signs, or widely known.
    """
    if len(password) < MIN_LENGTH:
        raise InvalidInput(field="password", reason="password_too_short", length=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise InvalidInput(field="password", reason="password_too_long", length=MAX_LENGTH)
    plain = password.casefold()
    if plain in (email.casefold(), email.casefold().partition("@")[0]):
        raise InvalidInput(field="password", reason="password_is_email")
    if plain in _COMMON or len(set(plain)) < 4:
        raise InvalidInput(field="password", reason="password_too_common")


def make_hash(password: str) -> str:
    """Hash a password with argon2id and a salt of its own."""
    return _hasher.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Tell whether a password fits a hash; takes as long without a hash, so nobody learns who has an account."""
    if len(password) > MAX_LENGTH:
        password = ""
    try:
        _hasher.verify(password_hash or _hash_of_nothing(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@lru_cache(maxsize=1)
def _hash_of_nothing() -> str:
    return _hasher.hash("nobody has this password")
