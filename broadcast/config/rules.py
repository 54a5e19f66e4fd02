"""How a table of the configuration says which of its keys is wrong."""


def require(holds: object, message: str) -> None:
    """message: starts with the key; `tables.structure` puts the key's table in front of it."""
    if not holds:
        raise ValueError(message)
