"""Who somebody is, and what they may: people by their sign-ins, doors by their tokens.

It imports ``stores`` and ``base``, and knows nothing of HTTP but what a cookie and Basic auth hold.
"""
