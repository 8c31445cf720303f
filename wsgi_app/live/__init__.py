"""The live feed: tells browsers what happens, while it happens, from a process of its own.

WebSockets are here alone; it imports ``house``, what is below, and of ``web`` how a refusal reads.
"""
