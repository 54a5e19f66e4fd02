"""Where people live and are: areas, one in the other, and what a shape on the map meets of them."""
