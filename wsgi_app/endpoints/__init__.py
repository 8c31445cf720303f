"""HTTP to house and back: for each noun a module, or a package where it has several sides.

An endpoint takes a ``Call`` and gives a response; what is decided is the house's. It imports ``web`` and what
is below, and of another noun only how clients see it, its ``bodies``.
"""
