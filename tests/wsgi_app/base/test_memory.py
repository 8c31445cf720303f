"""How this process treats the memory of photos that it is done with."""

import platform

from wsgi_app.base.memory import keep_freed_memory


def test_glibc_keeps_freed_memory_and_other_libraries_are_left_alone() -> None:
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
