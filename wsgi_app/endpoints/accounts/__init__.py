"""Who may sign in: accounts, and the one-time links that make them."""
