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

    assert told["seen"] == {"granted": 3200, "refused": 3200, "failed": 3600}
    # Hung up on and "busy" are asked three times in all, what broke off is not asked again.
    assert told["over_http"] == {"granted": 200, "refused": 200, "unreachable": 400, "cut_off": 200}
    assert told["requests"] == 400 * 3 + 600
    assert (after["threads"], after["descriptors"]) == (before["threads"], before["descriptors"])
    assert after["memory_bytes"] - before["memory_bytes"] < 2_000_000
