"""Who somebody is, and what they may: people by their sign-ins, doors by their tokens.

It imports ``stores`` and ``base``, and nothing of HTTP but what signs cookies.
"""
