"""Who somebody is, and what they may: people by their sign-ins, doors by their tokens. No HTTP in here."""
