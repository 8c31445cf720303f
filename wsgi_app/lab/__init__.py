"""The lab: small endpoints that show what the chain of client, nginx, uWSGI and WSGI does with a request.

A WSGI callable of its own beside the house's, made of the same parts, which any WSGI server can run. It knows
nobody, opens no models, and keeps what it is given in a database of its own. It imports ``web`` and what is
below, but never the house.
"""
