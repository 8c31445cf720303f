"""One module for each noun: takes a ``Call``, gives a response."""
