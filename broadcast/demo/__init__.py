"""An alert to a small nation, everything simulated but the software: `broadcast demo`. A guest of the command line."""
