"""The live feed: tells browsers what happens, while it happens."""
