import pytest

from portal.accounts import passwords
from portal.core.errors import InvalidInput


def test_recognises_the_password_it_hashed():
    kept = passwords.make_hash("four words are plenty")

    assert kept.startswith("$argon2id$")
    assert passwords.matches("four words are plenty", kept)
    assert not passwords.matches("four words are plentiful", kept)


def test_recognises_nothing_where_there_is_no_password():
    assert not passwords.matches("nobody has this password", None)
    assert not passwords.matches("anything", "not a hash")


def test_never_hashes_a_text_that_is_too_long():
    assert not passwords.matches("x" * 1_000_000, passwords.make_hash("x" * 200))


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("nine sign", "password_too_short"),
        ("x1" * 101, "password_too_long"),
        ("Alice.Wonder@leb.example", "password_is_email"),
        ("alice.wonder", "password_is_email"),
        ("Password1234", "password_too_common"),
        ("ababababababab", "password_too_common"),
    ],
)
def test_refuses_what_is_guessed_too_easily(password, reason):
    with pytest.raises(InvalidInput) as refusal:
        passwords.check_quality(password, email="alice.wonder@leb.example")

    assert refusal.value.parts["reason"] == reason


@pytest.mark.parametrize("password", ["四个字的密码不够长吗够了", "correct horse", "x" * 3 + "yzab-cdef"])
def test_accepts_a_short_sentence(password):
    passwords.check_quality(password, email="alice@leb.example")
