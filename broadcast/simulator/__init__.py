"""Carriers to rehearse against: an SMSC with a personality, and books of its own."""
