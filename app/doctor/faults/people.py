"""What keeps people from being written to although everything works: no events, no consents, switches."""

from __future__ import annotations

from app.doctor.finding import Fault

NO_EVENTS = Fault(
    name="no_events",
    about="events",
    state="note",
    what="no event has come within the last 24 h",
    why="nothing happens, or a service writes elsewhere (another topic, another prefix)",
    do="look at what is there: tactful events tail user-events; send one: tactful events send --help",
)
NO_CONSENTS = Fault(
    name="no_consents",
    about="consents",
    state="note",
    what="none of the people looked at has granted any agent",
    why="without a grant there is no plan and no nudge: everything seems to work, and nobody is ever written to",
    do="have consent.changed events sent; with consent_sources in the policy, check that it names their source",
)
DEAD_LETTERS = Fault(
    name="dead_letters",
    about="dead letters",
    state="note",
    what="events of the last 24 h were put aside because they could not be understood",
    why="what they say about a person has no effect",
    do="tactful dead-letter list; once the cause is mended: tactful dead-letter replay",
)
AGENTS_PAUSED = Fault(
    name="agents_paused",
    about="switches",
    state="note",
    what="an agent is paused",
    why="its plans wait, and what runs out meanwhile closes as paused",
    do="tactful agents resume NAME",
)
KILL_SWITCH = Fault(
    name="kill_switch",
    about="switches",
    state="note",
    what="everything is paused (the kill switch is on)",
    why="nobody is written to at all",
    do="tactful agents resume '*'",
)
UNKNOWN_PAUSED = Fault(
    name="switch_unknown",
    about="switches",
    state="note",
    what="a switch names an agent that is not there",
    why="the pause of an agent that was renamed does not hold the new one",
    do="pause it by its name of now (tactful agents list), and clear the old one: tactful agents resume NAME",
)
