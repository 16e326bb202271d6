"""Messages to people and programs elsewhere: mail and webhook, each with a key by which the receiver knows a repetition.

The message is built from its journal entry alone, so that one sent again after a crash is the same, byte by byte:
RFC 5322 Message-ID and Date; header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from soc.respond.actions.action import Action, Argument, Done, Order, StepFailed, World
from soc.respond.actions.delivery import deliver, place_of
from soc.respond.actions.receivers import mail_fault, url_fault
from soc.text import canonical_json, json_digest
from soc.times import SECOND, to_datetime

T = TypeVar("T")
SUBJECT = 200  # characters
TRIAL = 30 * SECOND
_REPAIR = "; mend the contact in ingest/institutions.yml"


def send_mail(world: World, order: Order) -> Done:
    """Hands one message to the mail server. Raises StepFailed."""
    return Done({"message_id": str(send_order(world.mail, order)["Message-ID"])})


def send_order(mail: Mapping[str, Any], order: Order) -> EmailMessage:
    """The message of an order, once the mail server has taken it. Raises StepFailed."""
    if not mail.get("host"):
        raise StepFailed("no mail server is known; write host and sender under [mail] in soc.toml", final=True)
    if fault := mail_fault(mail):
        raise StepFailed(fault, final=True)
    message, seconds = mail_of(mail, order), _seconds(mail, order)
    try:
        within(seconds, lambda: deliver(mail, message, seconds))
    except Late as late:
        raise StepFailed(f"{place_of(mail)}: {late}; the message was to {message['To']}", unsure=True) from late
    return message


def send_trial(mail: Mapping[str, Any], to: str, *, now: int) -> str:
    """Sends one mail that says what it is; the server that took it. Raises StepFailed as `send_mail` does."""
    text = "soc can send mail: soc doctor --mail was asked to.\n"
    key = json_digest(["trial", now, to])
    send_order(mail, Order("", "", key, {"to": [to], "subject": "A mail of soc doctor", "text": text}, now, TRIAL))
    return place_of(mail)


def mail_of(mail: Mapping[str, Any], order: Order) -> EmailMessage:
    """The message that a journal entry stands for. Raises StepFailed for an address that is none."""
    sender = str(mail.get("sender") or "")
    domain = parseaddr(sender)[1].rpartition("@")[2]
    if not domain:
        raise StepFailed("mail has no sender; write sender under [mail] in soc.toml", final=True)
    wanted = [str(address) for address in order.arguments["to"] if address]
    if not wanted or not all(_is_address(address) for address in wanted):
        raise StepFailed(f"{', '.join(wanted) or 'nothing'} is no mail address{_REPAIR if order.case else ''}", final=True)
    message = EmailMessage()
    try:
        message["From"], message["To"] = sender, ", ".join(wanted)
        message["Subject"] = " ".join(str(order.arguments["subject"]).split())[:SUBJECT]
        message["Date"] = format_datetime(to_datetime(order.at))
        message["Message-ID"] = f"<{order.key}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
        if order.case:
            message["X-SOC-Case"] = order.case
        message.set_content(str(order.arguments["text"]), cte="base64")
    except (MessageError, ValueError) as error:
        raise StepFailed(f"no mail can be made of this: {error}", final=True) from error
    return message


def send_webhook(world: World, order: Order) -> Done:
    """Posts one JSON object. Raises StepFailed unless the answer is 2xx."""
    import requests

    url = str(order.arguments["url"])
    if fault := url_fault(url):
        raise StepFailed(fault, final=True)
    body = {"case": order.case, "key": order.key, "text": order.arguments["text"], "fields": order.arguments["fields"] or {}}
    headers = {"Content-Type": "application/json", "Idempotency-Key": order.key, "User-Agent": "soc"}
    seconds = _seconds(world.webhook, order)

    def post() -> int:
        try:
            with requests.post(
                url, data=canonical_json(body), headers=headers, timeout=seconds, allow_redirects=False, stream=True
            ) as answer:
                return answer.status_code
        except requests.RequestException as error:
            raise StepFailed(f"webhook: {error}", unsure=True) from error

    status = within(seconds, post)
    if not 200 <= status < 300:
        parts = urlsplit(url)
        place = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # the log of a case is no place for a password
        raise StepFailed(f"webhook {place}: HTTP status {status}", final=300 <= status < 500 and status not in (408, 425, 429))
    return Done({"status": status})


def _seconds(settings: Mapping[str, Any], order: Order) -> float:
    """How long a step may take, of which the settings of its receiver allow no more than their own."""
    return min(order.timeout / SECOND, float(settings.get("timeout", order.timeout / SECOND)))


class Late(StepFailed):
    """The receiver has not answered in time."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises Late when it takes longer: a receiver that trickles holds nobody up."""
    results: list[T] = []
    errors: list[BaseException] = []

    def carry_out() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 raised again below, in the thread that asked
            errors.append(error)

    thread = Thread(target=carry_out, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise Late(f"no answer within {seconds:g} seconds", unsure=True)
    return results[0]


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and parseaddr(text)[1] == text and not any(letter.isspace() or letter in ",;<>" for letter in text)


MAIL = Action(
    "notify_mail",
    "Sends a mail; its Message-ID is the key.",
    "keyed",
    {"to": Argument("values", needed=True, own=True), "subject": Argument("text", needed=True), "text": Argument("text", needed=True)},
    {"message_id": "text"},
    outside=send_mail,
    notifies=True,
)
WEBHOOK = Action(
    "notify_webhook",
    "Posts JSON to a web address; the header Idempotency-Key is the key.",
    "keyed",
    {"url": Argument("url", needed=True, own=True), "text": Argument("text", needed=True), "fields": Argument("fields")},
    {"status": "integer"},
    outside=send_webhook,
    notifies=True,
)
