"""What any endpoint needs of HTTP: from the boundary and the route table to forms, uploads and answers.

Jinja and the multipart parser are here alone. It imports ``house`` and what is below, and no endpoint.
"""
