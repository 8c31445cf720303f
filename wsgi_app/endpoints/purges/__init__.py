"""Purges that wait until an owner approves them."""
