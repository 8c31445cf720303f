"""HTTP to house and back: for each noun a module, or a package where it has several sides.

An endpoint takes a ``Call`` and gives a response; the house decides. Of another noun it knows only
how clients see it, its ``bodies``.
"""
