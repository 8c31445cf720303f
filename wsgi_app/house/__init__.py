"""What the house decides, without HTTP: a command, a test or a replay asks the same as an endpoint does.

It imports ``access``, ``stores``, ``vision`` and ``base``.
"""
