"""The board's events, as `events.py` has all others."""

from typing import Final

from broadcast.monitor.event import error, info, warning
from broadcast.monitor.sampling import Flood

_OFTEN: Final = Flood()  # whoever reaches the board may ask for these

BOARD_SERVING: Final = info("board_serving", "Where the board is.", "url")
BOARD_LOGGED_IN: Final = info(
    "board_logged_in", "By an account of the database.", "by", flood=_OFTEN, per=("by",)
)
BOARD_PROVIDER_LOGGED_IN: Final = info(
    "board_provider_logged_in", "Somebody who may view, by the provider.", flood=_OFTEN
)
BOARD_LOGIN_REFUSED: Final = warning(
    "board_login_refused", "Wrong name or password; many of one network are an attack.",
    "network", flood=_OFTEN, per=("network",),
)  # fmt: skip
BOARD_ACT_DONE: Final = info("board_act_done", "What the audit chain has too.", "act", "campaign", "by")
BOARD_ACT_REFUSED: Final = warning(
    "board_act_refused", "A rule refused it; who acted was told why.", "act", "campaign", "by"
)
BOARD_FAILED: Final = error(
    "board_failed", "A fault of ours: whoever asked got a page that says no more. Report it.",
    "kind", flood=_OFTEN, per=("kind",),
)  # fmt: skip
BOARD_FULL: Final = warning(
    "board_full", "So many are connected, and one more was closed.", "connections", flood=_OFTEN
)
BOARD_VIEWER_DROPPED: Final = info(
    "board_viewer_dropped", "It took nothing for so many frames; a browser connects again.",
    "frames", flood=_OFTEN,
)  # fmt: skip
BOARD_DATABASE_SLOW: Final = warning(
    "board_database_slow", "Somebody was shown figures of before.", "within_s", flood=_OFTEN
)
BOARD_DATABASE_TROUBLE: Final = warning(
    "board_database_trouble", "Viewers see the figures of before, and that they are old.", "why", flood=_OFTEN
)
BOARD_DATABASE_BACK: Final = info("board_database_back", "Figures are new again.", flood=_OFTEN)
BOARD_REACH_UNREAD: Final = warning(
    "board_reach_unread", "The map and reach by area stay as they were.", "why", flood=_OFTEN
)
BOARD_TOKEN_REFUSED: Final = warning(
    "board_token_refused", "What the provider signed cannot be proved.", "kind", flood=_OFTEN
)
BOARD_PROVIDER_MISFIT: Final = warning(
    "board_provider_misfit", "It says another issuer than board.oidc.issuer, or has addresses without TLS.",
    flood=_OFTEN,
)  # fmt: skip
BOARD_PROVIDER_SILENT: Final = warning(
    "board_provider_silent", "No connection, no TLS or no JSON.", "kind", flood=_OFTEN
)
BOARD_PROVIDER_ODD: Final = warning(
    "board_provider_odd", "It answered with this HTTP status, or with no JSON.", "http_status", flood=_OFTEN
)
