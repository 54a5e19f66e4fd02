"""Whoever launches an alert to many types how many hear it: nobody sends one to a nation who meant a village. Pure.

The number is what was counted when it was asked for, and it binds the launch: nobody hears the alert who was not in
it. Fewer may, for people opt out at any moment, and a launch that lost every race with them could never be: one in a
thousand, or one.
"""

from typing import Final

from broadcast.errors import RefusedError
from broadcast.languages import N_, _

_OUT_OF: Final = 1000
_LOOK: Final = N_(
    "nothing was launched. Look at `broadcast campaign forecast`, and whether this is the alert, the list and the "
    "database that you mean"
)


def asks(status: str, recipients: int, typed_from: int) -> bool:
    """status: of the content, as CAP's. typed_from: a rule; more recipients than that are asked for. 0: never."""
    return status == "actual" and 0 < typed_from < recipients


def check_typed(typed: int | None, recipients: int) -> None:
    """recipients: as they are now. Raises RefusedError, with nothing that could just be typed again."""
    if typed is None:
        raise RefusedError(
            _(
                "an actual alert to so many asks for their number: give --recipients COUNT, which `broadcast campaign "
                "forecast` shows, or launch it at a terminal, which asks"
            )
        )
    if recipients > typed:
        raise RefusedError(
            _("more people would hear it than the number that was typed: {look}", look=_(_LOOK))
        )
    if recipients < typed - max(1, typed // _OUT_OF):
        raise RefusedError(
            _("fewer people would hear it than the number that was typed: {look}", look=_(_LOOK))
        )
