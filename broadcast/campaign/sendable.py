"""Whether a content may go out as the configuration is: asked when it is written, and at the launch again. Pure."""

from broadcast.campaign import canary
from broadcast.campaign.content import Content
from broadcast.campaign.length import most_segments
from broadcast.campaign.marks import check_marks
from broadcast.campaign.ruled import check_rules
from broadcast.campaign.wording import check_wording
from broadcast.config import Config


def check_sendable(config: Config, content: Content) -> int:
    """Segments of one message, as `most_segments`. Raises as that, `check_marks`, `check_wording`,
    `check_rules` and `canary.check`."""
    check_marks(content, config.country.exercise_marks)
    check_wording(config, content)
    check_rules(config, content)
    canary.check(content)
    return most_segments(config, content)
