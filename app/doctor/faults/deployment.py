"""The machine, the address and the folders of a worker."""

from __future__ import annotations

from app.doctor.finding import Fault

ZONES_MISSING = Fault(
    name="zones_missing",
    about="machine",
    state="wrong",
    what="there is no time zone data",
    why="nobody's quiet hours can be kept: every event that names a zone would become a dead letter",
    do="install the package tzdata (pip install tzdata, or apt-get install tzdata), or mend PYTHONTZPATH",
)
FEW_FILES = Fault(
    name="few_files",
    about="machine",
    state="note",
    what="a process may open fewer than 4,096 files here",
    why="each partition keeps up to 256 files of its local copy open besides its connections: a worker with many "
    "partitions loses some of them with `Too many open files`",
    do="raise it for the worker: ulimit -n 65536, LimitNOFILE=65536 in a systemd unit, or the container's ulimits",
)
HTTP_TAKEN = Fault(
    name="http_taken",
    about="http",
    state="wrong",
    what="another process listens at `TACTFUL_HTTP`",
    why="a worker ends at once with exit code 3",
    do="find it with ss -ltnp, or choose another TACTFUL_HTTP; port 0 takes a free one",
)
HTTP_ELSEWHERE = Fault(
    name="http_elsewhere",
    about="http",
    state="wrong",
    what="the address of `TACTFUL_HTTP` cannot be had: it is none of this machine's, or a port below 1024 is not for "
    "this user",
    why="a worker ends at once with exit code 3",
    do="listen on 127.0.0.1, or on 0.0.0.0 with a token",
)
WORKER_UNREADY = Fault(
    name="worker_unready",
    about="worker",
    state="wrong",
    what="the worker at `TACTFUL_HTTP` answers, and is not ready",
    why="people of the partitions it names are not served, or what is decided does not become durable",
    do="mend what it names: app/docs/when-things-fail.md; while it starts or drains that is usual for seconds",
)
WORKER_OTHER_POLICY = Fault(
    name="worker_other_policy",
    about="worker",
    state="note",
    what="the worker at `TACTFUL_HTTP` decides by another policy than the one set here",
    why="a policy is read at the start: what was changed since does not count yet",
    do="restart the workers, one after the other, or set TACTFUL_POLICY as they have it",
)
STATE_UNWRITABLE = Fault(
    name="state_unwritable",
    about="state folder",
    state="wrong",
    what="the state folder, or the folder of an embedded log, cannot be written or made",
    why="no partition can be taken over, or no event be taken",
    do="give the worker's user the right to write it, or set another folder (TACTFUL_STATE_DIR, TACTFUL_LOG)",
)
STATE_FULL = Fault(
    name="state_full",
    about="state folder",
    state="wrong",
    what="less than 256 MB are free where the state folder or the embedded log is",
    why="when the disk is full the partitions begin again and again, and nothing is decided",
    do="make room, or move it to a larger disk; a local copy may be deleted while no worker runs, and comes back",
)
STATE_IN_USE = Fault(
    name="state_in_use",
    about="state folder",
    state="wrong",
    what="another process has the state folder open, and no worker answers at `TACTFUL_HTTP`",
    why="two workers on one folder keep each other from taking partitions over",
    do="give each worker a TACTFUL_STATE_DIR of its own, or set TACTFUL_HTTP as that worker has it",
)
STATE_DAMAGED = Fault(
    name="state_damaged",
    about="state folder",
    state="note",
    what="a local copy in the state folder is damaged",
    why="the worker throws it away and restores it from nudge-state, which costs time and no row",
    do="check the disk (dmesg, smartctl) if it happens again",
)
STATE_FOREIGN = Fault(
    name="state_foreign",
    about="state folder",
    state="note",
    what="a local copy was made of another cluster's nudge-state, or of one that was deleted since",
    why="the worker throws it away and restores it; it is a sign of a wrong volume or a wrong address",
    do="check that TACTFUL_LOG and the volume belong together",
)
FOLDER_IN_USE = Fault(
    name="folder_in_use",
    about="log",
    state="away",
    what="the embedded log is open in another process, and no worker with it answers at `TACTFUL_HTTP`",
    why="only one process can have it open, and none of the commands can reach it",
    do="set TACTFUL_HTTP to the worker's address",
)
FOLDER_DAMAGED = Fault(
    name="folder_damaged",
    about="log",
    state="wrong",
    what="the embedded log cannot be opened: files are damaged or lacking",
    why="it is the only one there is: no worker starts on it",
    do="bring the folder back from a backup",
)
FOLDER_OTHER = Fault(
    name="folder_other",
    about="log",
    state="note",
    what="the worker at `TACTFUL_HTTP` is at work on another folder than the one of `TACTFUL_LOG`",
    why="commands with these settings look at a log that nobody works on",
    do="set TACTFUL_LOG or TACTFUL_HTTP, so that both mean the same worker",
)
TOKEN_REFUSED = Fault(
    name="token_refused",
    about="log",
    state="wrong",
    what="the worker at `TACTFUL_HTTP` wants a token, and ours is not it",
    why="no command can look at its log or send an event",
    do="set TACTFUL_HTTP__TOKEN_FILE as the worker has it",
)
NO_WORKER = Fault(
    name="no_worker",
    about="log",
    state="note",
    what="no worker is at work on the embedded log",
    why="what is sent waits",
    do="start `tactful worker`",
)
