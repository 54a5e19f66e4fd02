"""How it is said: SMPP 3.4 as seen by an ESME. The pure parts take bytes and `now` and return decisions."""
