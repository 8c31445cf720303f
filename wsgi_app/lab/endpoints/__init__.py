"""The lab's endpoints, one file for each thing that it shows."""
