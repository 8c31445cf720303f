"""The time of day and new ids."""

import re
from datetime import UTC, datetime

from wsgi_app.base.sources import random_id, utc_now


def test_ids_cannot_be_guessed_and_the_time_is_of_this_moment() -> None:
    ids = {random_id() for _ in range(100)}
    assert len(ids) == 100
    assert [one for one in ids if not re.fullmatch("[0-9a-f]{32}", one)] == []
    before = datetime.now(UTC)
    assert before <= utc_now() <= datetime.now(UTC)
