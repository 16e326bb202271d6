"""One message handed to the mail server; what fails says where, why and for whom: server, code, recipient."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from soc.respond.actions.action import StepFailed


def deliver(mail: Mapping[str, Any], message: EmailMessage, seconds: float) -> None:
    """Hands it over. Raises StepFailed; what the server says may hold line ends."""
    place, recipients = place_of(mail), str(message["To"])
    try:
        refused = _sent(mail, message, seconds)
    except smtplib.SMTPRecipientsRefused as error:
        final = all(code >= 500 for code, _ in error.recipients.values())
        raise StepFailed(f"{place} refused {_refusals(error.recipients)}", final=final) from error
    except smtplib.SMTPSenderRefused as error:
        raise StepFailed(
            f"{place} refused the sender {error.sender}: {_said(error.smtp_code, error.smtp_error)}", final=error.smtp_code >= 500
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise StepFailed(
            f"{place} refused the password of {mail.get('user')}: {_said(error.smtp_code, error.smtp_error)}", final=error.smtp_code >= 500
        ) from error
    except smtplib.SMTPResponseException as error:
        raise StepFailed(
            f"{place} refused the message to {recipients}: {_said(error.smtp_code, error.smtp_error)}", final=error.smtp_code >= 500
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise StepFailed(f"{place}: {error}; the message was to {recipients}", unsure=True) from error
    if refused:
        raise StepFailed(f"{place} took it, but refused {_refusals(refused)}", final=True)


def place_of(mail: Mapping[str, Any]) -> str:
    """The mail server as people name it."""
    return f"mail server {mail.get('host')}:{mail.get('port', 25)}"


def _sent(mail: Mapping[str, Any], message: EmailMessage, seconds: float) -> Mapping[str, Any]:
    """The recipients that were refused, while others were taken."""
    host, port, tls = str(mail["host"]), int(mail.get("port", 25)), mail.get("tls", False)
    domain = parseaddr(str(message["From"]))[1].rpartition("@")[2]
    if tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, domain, timeout=seconds, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, port, domain, timeout=seconds)
    with server:
        if tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.get("user"):
            server.login(str(mail["user"]), Path(str(mail.get("password_file", ""))).read_text(encoding="utf-8").strip())
        return server.send_message(message)


def _refusals(recipients: Mapping[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{address}: {_said(*answer)}" for address, answer in recipients.items())


def _said(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='backslashreplace') if isinstance(text, bytes) else text}".strip()
