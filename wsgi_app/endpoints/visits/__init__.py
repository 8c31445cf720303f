"""Visits: what the doors saw, and what somebody said of it."""
