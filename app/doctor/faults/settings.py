"""The settings, the policy and the agents: what keeps a worker from starting, or makes it silent."""

from __future__ import annotations

from app.doctor.finding import Fault

NO_START = "a worker ends at once with exit code 2"
SILENT = "everything seems to work, and nobody is ever written to"

SETTING_WRONG = Fault(
    name="setting_wrong",
    about="settings",
    state="wrong",
    what="a variable holds what cannot be used",
    why=NO_START,
    do="mend what the line names, and ask again",
)
SETTING_UNKNOWN = Fault(
    name="setting_unknown",
    about="settings",
    state="note",
    what="a variable with our prefix means nothing to us",
    why="a misspelt variable leaves its setting at the default",
    do="check its spelling, or unset it if it is not for TACTFUL_*",
)
SECRET_UNREADABLE = Fault(
    name="secret_unreadable",
    about="settings",
    state="wrong",
    what="the file of a secret (`*_FILE`) cannot be read, or is empty",
    why=NO_START,
    do="mount the secret, or mend the path, so that the worker's user may read it",
)
CERTIFICATE_MISSING = Fault(
    name="certificate_missing",
    about="settings",
    state="wrong",
    what="a file of `TACTFUL_KAFKA__SSL_*` is not there",
    why=NO_START,
    do="mount the certificate, or mend the path",
)
LOG_IN_MEMORY = Fault(
    name="log_in_memory",
    about="log",
    state="wrong",
    what="`TACTFUL_LOG` is `memory:`",
    why="it is for stories, and nothing of it outlives the process",
    do="set it to kafka://host:port or embedded:PATH",
)
HTTP_OPEN = Fault(
    name="http_open",
    about="settings",
    state="wrong",
    what="the worker would listen for other machines, without a token",
    why="whoever sends an event speaks for every person, so a worker ends at once with exit code 2",
    do="set TACTFUL_HTTP__TOKEN_FILE, or listen on 127.0.0.1, or set TACTFUL_HTTP__HEALTH_ONLY=true",
)
POLICY_UNREADABLE = Fault(
    name="policy_unreadable",
    about="policy",
    state="wrong",
    what="the file of `TACTFUL_POLICY` cannot be read, or is no YAML",
    why=NO_START,
    do="mend the path or the file",
)
POLICY_UNKNOWN_KEY = Fault(
    name="policy_unknown_key",
    about="policy",
    state="wrong",
    what="the policy has a key that there is not",
    why=NO_START,
    do="check its spelling and how far it is indented",
)
POLICY_WRONG = Fault(
    name="policy_wrong",
    about="policy",
    state="wrong",
    what="a value of the policy cannot be used (a length of time, a time of day, a zone, a share)",
    why=NO_START,
    do="write it as the line says",
)
POLICY_UNKNOWN_AGENT = Fault(
    name="policy_unknown_agent",
    about="policy",
    state="wrong",
    what="the policy has settings for an agent that is not there",
    why=NO_START,
    do="mend its name, or add its import path to TACTFUL_AGENTS",
)
QUIET_HOURS_NONE = Fault(
    name="quiet_hours_none",
    about="policy",
    state="note",
    what="`quiet_hours` start and end at the same time: there are none",
    why="people who have set none of their own may be written to at three in the morning",
    do='set them in the policy: quiet_hours: {start: "21:00", end: "09:00"}',
)
CAPS_NOTHING = Fault(
    name="caps_nothing",
    about="policy",
    state="wrong",
    what="`caps` allow no nudge at all",
    why=SILENT,
    do="set caps.per_day and caps.per_week above 0; to stop everything: tactful agents pause '*'",
)
HOLDOUT_EVERYBODY = Fault(
    name="holdout_everybody",
    about="policy",
    state="wrong",
    what="`holdout.share` is 1: everybody is held out",
    why=SILENT,
    do="set the share of people who are to get nothing, such as 0.05",
)
HOLDOUT_UNSALTED = Fault(
    name="holdout_unsalted",
    about="policy",
    state="note",
    what="there is a holdout without a `salt`",
    why="the same people are held out in every experiment, and in every deployment without a salt",
    do="set holdout.salt to a word of this experiment",
)
SHADOWS = Fault(
    name="agent_shadows",
    about="agents",
    state="note",
    what="an agent is in `mode: shadow`",
    why="it decides and writes, and sends nothing",
    do="set mode: live in the policy when it may speak",
)
PRICES_MISSING = Fault(
    name="prices_missing",
    about="policy",
    state="note",
    what="the policy has no price for the model",
    why="cost_usd is null in every outcome, and nobody sees what it costs",
    do="set prices in the policy: {MODEL: {input_per_mtok: 3.0, output_per_mtok: 15.0}}, with the provider's figures",
)
BUDGET_NOTHING = Fault(
    name="budget_nothing",
    about="policy",
    state="wrong",
    what="`budget` allows no request to the model",
    why="unread words hold their plans until they stand down, and every text is the agents' own",
    do="set budget.calls_per_person_per_day and calls_per_minute above 0, or TACTFUL_MODEL=none",
)
AGENT_NOT_FOUND = Fault(
    name="agent_not_found",
    about="agents",
    state="wrong",
    what="an import path of `TACTFUL_AGENTS` cannot be imported",
    why=NO_START,
    do="check its spelling, and that its folder is in PYTHONPATH",
)
AGENT_UNFIT = Fault(
    name="agent_unfit",
    about="agents",
    state="wrong",
    what="what stands at an import path of `TACTFUL_AGENTS` is no agent, or has a name that is taken",
    why=NO_START,
    do="mend it as the line says; `tactful agents new NAME` writes one that works",
)
