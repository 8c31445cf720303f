"""What is kept: people and their faces, visits, and the photos on disk.

SQLAlchemy is here alone. It imports ``base``: no HTTP and no vision.
"""
