"""shadow's tools: useradd, usermod, userdel, groupadd, groupmod, groupdel, passwd, chage, gpasswd, chfn, chsh, newgrp.

    Oct 11 22:14:15 gw1 useradd[3950]: new user: name=alice, UID=1001, GID=1001, home=/home/alice, shell=/bin/bash, from=/dev/pts/0
    Oct 11 22:14:16 gw1 usermod[4015]: add 'alice' to group 'sudo'

The SYSLOG calls in src/*.c of shadow 4.1 to 4.17. `user.name` is the account that is meant; who did it is said by few of them
and is `shadow.by`. A change to a group is written twice or three times, once for each file: what it was is told by one line, the
others are `group_file_changed`, so that a change counts once.
PAM's own lines in them go to `pam`.
"""

from __future__ import annotations

from soc.event import Event
from soc.parsing import Dataset, Field, Parser, Record

from ._sentences import Groups, Row, Sentences

_IN = r"(?: in (?P<file>/[^ ]*))?"  # gpasswd: the file that could not be written, or was
_GROUPS: Groups = {
    "user": ("user.name", str),
    "uid": ("user.id", str),
    "group": ("group.name", str),
    "gid": ("group.id", str),
    "main": ("user.group.id", str),
    "new": ("user.changes.name", str),
    "by": ("shadow.by", str),
    "home": ("shadow.home", str),
    "shell": ("shadow.shell", str),
    "terminal": ("shadow.terminal", str),
    "what": ("shadow.attribute", str),
    "before": ("shadow.before", str),
    "after": ("shadow.after", str),
    "members": ("shadow.members", str),
    "file": ("file.path", str),
    "reason": ("event.reason", str),
}
_ROWS: list[Row] = [
    (
        r"new user: name=(?P<user>[^,]*), UID=(?P<uid>\d+), GID=(?P<main>\d+), home=(?P<home>.*?), shell=(?P<shell>.*?)"
        r"(?:, from=(?P<terminal>.*))?",
        *("user_added", "iam", "user creation", "success"),
    ),
    (r"new group: name=(?P<group>[^,]*), GID=(?P<gid>\d+)", "group_added", "iam", "group creation", "success"),
    (
        r"group added to (?P<file>/[^ :]*): name=(?P<group>[^,]*)(?:, GID=(?P<gid>\d+))?",
        "group_file_changed",
        "iam",
        "group change",
        "success",
    ),
    (r"failed adding user '(?P<user>[^']*)', (?P<reason>.*)", "user_added", "iam", "user creation", "failure"),
    (r"useradd defaults: (?P<after>.*)", "defaults_changed", "iam", "change", "success"),
    (r"add '(?P<user>[^']*)' to group '(?P<group>[^']*)'", "user_added_to_group", "iam", "group change", "success"),
    (r"delete '(?P<user>[^']*)' from group '(?P<group>[^']*)'", "user_removed_from_group", "iam", "group change", "success"),
    (
        r"(?:add|delete) '(?P<user>[^']*)' (?:to|from) shadow group '(?P<group>[^']*)'",
        "group_file_changed",
        "iam",
        "group change",
        "success",
    ),
    (
        r"change (?:admin )?'(?P<user>[^']*)' to '(?P<new>[^']*)' in shadow group '(?P<group>[^']*)'",
        *("group_file_changed", "iam", "group change", "success"),
    ),
    (
        r"change '(?P<user>[^']*)' to '(?P<new>[^']*)' in group '(?P<group>[^']*)'",
        *("user_renamed_in_group", "iam", "group change", "success"),
    ),
    (r"change user name '(?P<user>[^']*)' to '(?P<new>[^']*)'", "user_renamed", "iam", "user change", "success"),
    (r"change user '(?P<user>[^']*)' password", "password_changed", "iam", "user change", "success"),
    (r"lock user '(?P<user>[^']*)' password", "password_locked", "iam", "user change", "success"),
    (r"unlock user '(?P<user>[^']*)' password", "password_unlocked", "iam", "user change", "success"),
    (
        r"change user '(?P<user>[^']*)' (?P<what>UID|GID|home|shell|inactive|expiration) from '(?P<before>[^']*)' to '(?P<after>[^']*)'",
        *("user_changed", "iam", "user change", "success"),
    ),
    (r"delete user '(?P<user>[^']*)'", "user_deleted", "iam", "user deletion", "success"),
    (r"failed deleting user '(?P<user>[^']*)'(?:, (?P<reason>.*))?", "user_deleted", "iam", "user deletion", "failure"),
    (r"removed shadow group '(?P<group>[^']*)' owned by '(?P<user>[^']*)'", "group_file_changed", "iam", "group change", "success"),
    (r"removed group '(?P<group>[^']*)' owned by '(?P<user>[^']*)'", "group_deleted", "iam", "group deletion", "success"),
    (r"group '(?P<group>[^']*)' removed from (?P<file>/.*)", "group_file_changed", "iam", "group change", "success"),
    (r"group '(?P<group>[^']*)' removed", "group_deleted", "iam", "group deletion", "success"),
    (r"remove group '(?P<group>[^']*)'", "group_deleted", "iam", "group deletion", "success"),
    (
        r"group changed in (?P<file>/etc/(?:gshadow|passwd)) \(group (?P<group>[^/,]*)(?:/(?P<gid>\d+))?, (?P<after>.*)\)",
        *("group_file_changed", "iam", "group change", "success"),
    ),
    (
        r"group changed in (?P<file>/[^ ]*) \(group (?P<group>[^/,]*)(?:/(?P<gid>\d+))?, (?P<after>.*)\)",
        *("group_changed", "iam", "group change", "success"),
    ),
    (
        r"failed to (?:add|remove|change) group (?P<group>[^ ]+)(?: (?:to|from) (?P<file>/.*))?",
        "group_changed",
        "iam",
        "group change",
        "failure",
    ),
    (r"password for '(?P<user>[^']*)' changed by '(?P<by>[^']*)'", "password_changed", "iam", "user change", "success"),
    (
        r"(?:passwd: )?(?P<reason>can't view or modify password information) for (?P<user>.*)",
        *("password_changed", "iam", "user change", "failure"),
    ),
    (r"changed password expiry for (?P<user>.*)", "expiry_changed", "iam", "user change", "success"),
    (r"changed user '(?P<user>[^']*)' information", "information_changed", "iam", "user change", "success"),
    (r"changed user '(?P<user>[^']*)' shell to '(?P<shell>[^']*)'", "shell_changed", "iam", "user change", "success"),
    (r"can't change shell for '(?P<user>[^']*)'", "shell_changed", "iam", "user change", "failure"),
    (rf"user (?P<user>.*) added by (?P<by>[^ ]+) to group (?P<group>[^ ]+){_IN}", "user_added_to_group", "iam", "group change", "success"),
    (
        rf"user (?P<user>.*) removed by (?P<by>[^ ]+) from group (?P<group>[^ ]+){_IN}",
        *("user_removed_from_group", "iam", "group change", "success"),
    ),
    (
        rf"password of group (?P<group>[^ ]+) (?:removed|changed) by (?P<by>[^ ]+){_IN}",
        "group_password_changed",
        "iam",
        "group change",
        "success",
    ),
    (rf"access to group (?P<group>[^ ]+) restricted by (?P<by>[^ ]+){_IN}", "group_restricted", "iam", "group change", "success"),
    (
        rf"(?:administrators|members) of group (?P<group>[^ ]+) set by (?P<by>[^ ]+) to (?P<members>[^ ]*){_IN}",
        *("group_members_set", "iam", "group change", "success"),
    ),
    (
        rf"(?P<by>[^ ]+) failed to (?:add user (?P<user>[^ ]+) to|remove user (?P<user_>[^ ]+) from) group (?P<group>[^ ]+){_IN}",
        *("group_members_set", "iam", "group change", "failure"),
    ),
    (
        rf"(?P<by>[^ ]+) failed to (?:remove password of|restrict access to|change password of) group (?P<group>[^ ]+){_IN}",
        *("group_changed", "iam", "group change", "failure"),
    ),
    (
        r"user '(?P<user>[^']*)' \(login '(?P<by>[^']*)' on (?P<terminal>[^()]*)\) switched to group '(?P<group>[^']*)'",
        "group_switched",
        "session",
        "change",
        "success",
    ),
    (
        r"user '(?P<user>[^']*)' \(login '(?P<by>[^']*)' on (?P<terminal>[^()]*)\) returned to group '(?P<group>[^']*)'",
        "group_returned",
        "session",
        "change",
        "success",
    ),
    (r"Invalid password for group '(?P<group>[^']*)' from '(?P<user>[^']*)'", "group_switched", "authentication", "start", "failure"),
]
_SENTENCES = Sentences(_ROWS, _GROUPS, ("user.name", "user.changes.name", "shadow.by"))


def parse(record: Record) -> Event | None:
    return _SENTENCES.read(record.message.strip(" "))


PARSER = Parser(
    name="shadow",
    title="Accounts and groups: useradd, usermod, passwd and the rest of shadow",
    programs=frozenset(
        "useradd usermod userdel groupadd groupmod groupdel passwd chage gpasswd groupmems chfn chsh chpasswd newusers newgrp sg".split()
    ),
    parse=parse,
    fields=[
        Field("shadow.by", "keyword", meaning="who changed it, where the tool says so"),
        Field("shadow.home", "keyword", meaning="home folder of a new user"),
        Field("shadow.shell", "keyword", meaning="login shell that a user was given"),
        Field("shadow.terminal", "keyword", meaning="terminal that the tool was called on; none for a script"),
        Field("shadow.attribute", "keyword", meaning="what of a user was changed: UID, GID, home, shell, inactive, expiration"),
        Field("shadow.before", "keyword", meaning="its value before"),
        Field("shadow.after", "keyword", meaning="its value now"),
        Field("shadow.members", "keyword", meaning="members or administrators that a group was given"),
    ],
    supplies=[
        Dataset(
            "shadow.log",
            logsources=[{"product": "linux", "service": "auth"}, {"product": "linux", "service": "syslog"}],
            fields=_SENTENCES.supplied(),
        )
    ],
)
