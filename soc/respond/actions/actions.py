"""The actions that steps can name."""

from __future__ import annotations

from soc.respond.actions.action import Action
from soc.respond.actions.desk_actions import ACTIONS as ON_DESK
from soc.respond.actions.hunting import HUNT
from soc.respond.actions.notify import MAIL, WEBHOOK
from soc.respond.actions.program import RUN

ACTIONS: dict[str, Action] = {action.name: action for action in (*ON_DESK, HUNT, MAIL, WEBHOOK, RUN)}
