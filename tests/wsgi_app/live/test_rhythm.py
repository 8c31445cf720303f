from wsgi_app.live.rhythm import HOUSE_RHYTHM, Rhythm


def test_a_house_tells_ten_times_a_second_at_most_and_checks_sign_ins_twice_a_minute() -> None:
    assert Rhythm(frame_s=0.1, look_s=1.0, check_s=30.0, states_s=5.0) == HOUSE_RHYTHM
