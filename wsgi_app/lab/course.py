"""The two headers that a course's exercise puts on its answers, beside the lab's own ``X-Lab``."""

from collections.abc import Mapping
from types import MappingProxyType

COURSE: Mapping[str, str] = MappingProxyType({"X-INE-Student": "student", "X-INE-Course": "WSGI"})
