"""What the person at the keyboard types; one file a noun."""
