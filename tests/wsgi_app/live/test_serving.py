"""What is done now and then goes on, whatever the disks do."""

import asyncio
import errno

import pytest
import structlog

from wsgi_app.base.errors import StorageTrouble, Unavailable
from wsgi_app.live.serving import every


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StorageTrouble("photos_missing"), []),
        (Unavailable("unavailable:gallery"), ["live feed waits"]),
        (OSError(errno.EROFS, "Read-only file system"), ["live feed waits"]),
        (OSError(errno.EIO, "Input/output error"), ["live feed waits"]),
    ],
    ids=str,
)
def test_what_fails_once_is_done_again(error: Exception, told: list[str]) -> None:
    async def fails_once() -> list[int]:
        done: list[int] = []
        is_done_again = asyncio.Event()

        async def act() -> None:
            done.append(len(done))
            if len(done) == 1:
                raise error
            is_done_again.set()

        task = asyncio.create_task(every(0, act))
        await asyncio.wait(
            [task, waiting := asyncio.create_task(is_done_again.wait())], return_when="FIRST_COMPLETED"
        )
        waiting.cancel()
        task.cancel()
        return done

    with structlog.testing.capture_logs() as logged:
        assert asyncio.run(fails_once())[:2] == [0, 1]
    assert [line["event"] for line in logged] == told
