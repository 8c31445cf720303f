"""The commands of ``porteiro-door``: one module each, with ``add_options`` and ``execute``."""
