"""What is kept: people and their faces, visits, and the photos on disk. No HTTP and no vision in here."""
