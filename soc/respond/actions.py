"""The actions that steps can name."""

from __future__ import annotations

from soc.respond.action import Action
from soc.respond.desk_actions import ACTIONS as ON_DESK
from soc.respond.hunting import HUNT
from soc.respond.notify import MAIL, WEBHOOK
from soc.respond.program import RUN

ACTIONS: dict[str, Action] = {action.name: action for action in (*ON_DESK, HUNT, MAIL, WEBHOOK, RUN)}
