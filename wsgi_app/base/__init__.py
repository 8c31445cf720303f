"""The ground: settings, errors, logs, counters, and the values that every floor speaks of.

It imports no other floor.
"""
