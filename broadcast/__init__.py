"""Tell a whole country something, now, over SMPP; exact to the last receipt."""
