"""Stand-ins for hardware and server, chosen by the command line and held to the same tests as the real."""
