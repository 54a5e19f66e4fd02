"""What is wrong with an alert or a carrier, and what to run: figures are gathered, a pure function judges."""
