"""The roles, and the words that are kept for them."""

import pytest

from wsgi_app.access.roles import ACCOUNT_ROLES, Role


def test_each_role_may_more_than_those_before_it() -> None:
    assert sorted(Role) == [Role.ANYONE, Role.VIEWER, Role.OPERATOR, Role.OWNER]


@pytest.mark.parametrize(
    ("role", "word"),
    [(Role.ANYONE, "anyone"), (Role.VIEWER, "viewer"), (Role.OPERATOR, "operator"), (Role.OWNER, "owner")],
)
def test_a_role_is_written_as_a_word_and_read_again(role: Role, word: str) -> None:
    assert (role.word, Role.of(word)) == (word, role)


@pytest.mark.parametrize("word", ["king", "", "owner "])
def test_another_word_is_no_role(word: str) -> None:
    with pytest.raises(KeyError):
        Role.of(word)


def test_an_account_is_somebody_in_particular() -> None:
    assert set(ACCOUNT_ROLES) == set(Role) - {Role.ANYONE}
