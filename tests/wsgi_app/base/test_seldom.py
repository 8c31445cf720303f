from wsgi_app.base.seldom import AGAIN_S, Seldom


def test_the_same_is_told_again_after_a_minute_and_something_else_at_once() -> None:
    now = 0.0
    seldom = Seldom(lambda: now)

    assert [seldom.is_due("full"), seldom.is_due("full"), seldom.is_due("slow")] == [True, False, True]
    now = AGAIN_S
    assert [seldom.is_due("full"), seldom.is_due("full")] == [True, False]


def test_an_end_is_one_once_and_what_follows_is_told_at_once() -> None:
    seldom = Seldom(lambda: 0.0)
    assert not seldom.end()

    seldom.is_due("full")
    assert [seldom.end(), seldom.end(), seldom.is_due("full")] == [True, False, True]
