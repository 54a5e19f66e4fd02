"""What this machine sends, what its parts would, and what it costs: `broadcast bench`. A guest of the command line."""
