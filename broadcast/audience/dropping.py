"""An attribute is dropped: refused while somebody goes by it, unless it is to be forgotten of everybody."""

from broadcast.audience.attributes import registered
from broadcast.audience.combining import Profiles
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _
from broadcast.store.queries import sql
from broadcast.store.types import Connection
from broadcast.visible import visible


async def drop(connection: Connection, name: str, *, forget: bool = False) -> None:
    """Within a transaction that may import.

    Raises InputError when there is none of this name, RefusedError while an alert or an import goes by it, or people
    have it who are not to `forget` it.
    """
    known = await registered(connection)
    if name not in known:
        raise InputError(
            _("there is no attribute {name}: see `broadcast attribute list`", name=visible(name))
        )
    await _check_free(connection, name)
    profiles = await Profiles.load(connection, known)
    await profiles.sweep(connection)
    if forget:
        await profiles.forget(connection, name)
    elif profiles.have(name):
        raise RefusedError(
            _(
                "{name} is known of some people: with --forget it is forgotten of everybody, and dropped",
                name=name,
            )
        )
    await connection.execute(sql("delete_attribute"), name)


async def _check_free(connection: Connection, name: str) -> None:
    user = await connection.fetchrow(sql("attribute_users"), name)
    assert user is not None
    if user["campaign"] is not None:
        raise RefusedError(
            _("the alert {campaign} goes by the attribute {name}", campaign=user["campaign"], name=name)
        )
    if user["source"] is not None:
        raise RefusedError(
            _(
                "the import of {source} is unfinished and reads {name}: let it end first",
                source=user["source"],
                name=name,
            )
        )
