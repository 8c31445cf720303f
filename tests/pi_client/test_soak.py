import json
import subprocess
import sys

from tests.structure import CHECKOUT


def test_point_24_ten_thousand_presses_leave_threads_descriptors_and_memory_flat() -> None:
    # In a process of its own, which holds nothing of other tests.
    told = json.loads(
        subprocess.run(
            [sys.executable, "-m", "tests.pi_client.soak"], cwd=CHECKOUT, stdout=subprocess.PIPE, check=True
        ).stdout
    )
    before, after = told["before"], told["after"]

    assert told["seen"] == {"granted": 3334, "refused": 3333, "failed": 3333}
    assert (after["threads"], after["descriptors"]) == (before["threads"], before["descriptors"])
    assert after["memory_bytes"] - before["memory_bytes"] < 2_000_000
