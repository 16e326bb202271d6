"""Messages to people and programs elsewhere: mail and webhook, each with a key by which the receiver knows a repetition.

The message is built from its journal entry alone, so that one sent again after a crash is the same, byte by byte:
RFC 5322 Message-ID and Date; header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header).
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from soc.respond.actions.action import Action, Argument, Done, Order, StepFailed, World
from soc.respond.actions.receivers import mail_fault, url_fault
from soc.text import canonical_json
from soc.times import SECOND, to_datetime

T = TypeVar("T")
SUBJECT = 200  # characters


def send_mail(world: World, order: Order) -> Done:
    """Hands one message to the mail server. Raises StepFailed."""
    if not world.mail.get("host"):
        raise StepFailed("no mail server is known; write host and sender under [mail] in soc.toml", final=True)
    if fault := mail_fault(world.mail):
        raise StepFailed(fault, final=True)
    message, seconds = mail_of(world.mail, order), order.timeout / SECOND
    within(seconds, lambda: _deliver(world.mail, message, seconds))
    return Done({"message_id": str(message["Message-ID"])})


def mail_of(mail: Mapping[str, Any], order: Order) -> EmailMessage:
    """The message that a journal entry stands for. Raises StepFailed for an address that is none."""
    sender = str(mail.get("sender") or "")
    domain = parseaddr(sender)[1].rpartition("@")[2]
    if not domain:
        raise StepFailed("mail has no sender; write sender under [mail] in soc.toml", final=True)
    wanted = [str(address) for address in order.arguments["to"] if address]
    if not wanted or not all(_is_address(address) for address in wanted):
        raise StepFailed(f"{', '.join(wanted) or 'nothing'} is no mail address; mend the contact in ingest/institutions.yml", final=True)
    message = EmailMessage()
    try:
        message["From"], message["To"] = sender, ", ".join(wanted)
        message["Subject"] = " ".join(str(order.arguments["subject"]).split())[:SUBJECT]
        message["Date"] = format_datetime(to_datetime(order.at))
        message["Message-ID"] = f"<{order.key}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
        message["X-SOC-Case"] = order.case
        message.set_content(str(order.arguments["text"]), cte="base64")
    except (MessageError, ValueError) as error:
        raise StepFailed(f"no mail can be made of this: {error}", final=True) from error
    return message


def _deliver(mail: Mapping[str, Any], message: EmailMessage, seconds: float) -> None:
    host, port, tls = str(mail["host"]), int(mail.get("port", 25)), mail.get("tls", False)
    domain = parseaddr(str(message["From"]))[1].rpartition("@")[2]
    try:
        if tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, domain, timeout=seconds, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, port, domain, timeout=seconds)
        with server:
            if tls and tls != "tls":
                server.starttls(context=ssl.create_default_context())
            if mail.get("user"):
                server.login(str(mail["user"]), Path(str(mail.get("password_file", ""))).read_text(encoding="utf-8").strip())
            refused = server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        final = all(code >= 500 for code, _ in error.recipients.values())
        raise StepFailed(f"mail server {host} refused: {', '.join(error.recipients)}", final=final) from error
    except smtplib.SMTPResponseException as error:
        text = error.smtp_error.decode(errors="backslashreplace") if isinstance(error.smtp_error, bytes) else str(error.smtp_error)
        raise StepFailed(f"mail server {host} refused: {error.smtp_code} {text}", final=error.smtp_code >= 500) from error
    except (smtplib.SMTPException, OSError) as error:
        raise StepFailed(f"mail server {host}: {error}", unsure=True) from error
    if refused:
        raise StepFailed(f"mail server {host} took it, but not for: {', '.join(refused)}", final=True)


def send_webhook(world: World, order: Order) -> Done:
    """Posts one JSON object. Raises StepFailed unless the answer is 2xx."""
    import requests

    url = str(order.arguments["url"])
    if fault := url_fault(url):
        raise StepFailed(fault, final=True)
    body = {"case": order.case, "key": order.key, "text": order.arguments["text"], "fields": order.arguments["fields"] or {}}
    headers = {"Content-Type": "application/json", "Idempotency-Key": order.key, "User-Agent": "soc"}
    seconds = min(order.timeout / SECOND, float(world.webhook.get("timeout", order.timeout / SECOND)))

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


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises StepFailed when it takes longer: a receiver that trickles holds nobody up."""
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
        raise StepFailed(f"no answer within {seconds:g} seconds", unsure=True)
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
