"""Trains the networks of the shipped pack; needs the extra ``train``, and nothing else imports it."""
