"""An alert's plan as it was typed, as it is kept: names become what they stand for."""

from dataclasses import replace
from typing import Any

from broadcast.actions.session import Session
from broadcast.actions.terms import Terms
from broadcast.areas import tree


async def resolved(session: Session, terms: Terms) -> Terms:
    """With the codes of its areas, each once. Raises InputError for what there is not."""
    said: dict[str, Any] = dict(terms.plan)
    if areas := said.get("areas"):
        known = await tree.load(session.connection)
        said["areas"] = tuple(sorted({known.find(each) for each in areas}))
    return replace(terms, plan=said)
