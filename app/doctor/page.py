"""The page in the docs, made of the list of faults: `python -m app.doctor.page > app/docs/doctor.md`."""

from __future__ import annotations

import sys

from app.doctor.faults import FAULTS
from app.doctor.finding import Fault

HEAD = """# The doctor

`tactful doctor` looks at a deployment from outside, with a worker's settings.
It goes from the variables, the policy and the agents over the machine and its folders to the brokers and the model.
It writes nothing, joins no group and fences no worker.
It asks the model nothing unless `--ask-model` is given, which costs some tokens.
Run it beside a worker (the same variables, the same volume): before the first start, after every change of settings,
and when something seems wrong.

```
tactful doctor                  # in words; --json for one object a finding
tactful doctor --ask-model      # also put one real question to the model
tactful doctor --rights worker  # look at nothing, print the ACLs that a worker needs
```

Each finding has a state:

| state | means |
|---|---|
| fine | nothing to be done |
| note | it works, and should be known |
| wrong | a worker would not start, or not do as it should |
| away | something that is needed cannot be reached |

The exit code is 3 when something is away, else 1 when something is wrong, else 0.
It is 2 when the command itself was typed wrongly.
With `--json` a finding has `about`, `state`, `says`, `name`, `why` and `do`.
`name` is the one below and does not change; the sentences may.
What it cannot see with the rights of its user it says (`topic_settings_unseen`) or leaves out: dead letters, which a
worker need not read, and the brokers' clock and own settings, which need Describe and DescribeConfigs on the cluster.

"""

ABOUT = {
    "settings": "Settings",
    "policy": "Policy",
    "agents": "Agents",
    "machine": "Machine",
    "http": "Address",
    "worker": "A worker that runs",
    "state folder": "State folder",
    "log": "Embedded log",
    "brokers": "The way to the brokers",
    "clock": "Clocks",
    "ACLs": "Rights",
    "topics": "Topics",
    "transactions": "Transactions",
    "group": "Consumer group",
    "positions": "Positions",
    "rows": "Rows",
    "events": "Events",
    "consents": "Consents",
    "dead letters": "Dead letters",
    "switches": "Switches",
    "model": "Model",
}
"""The headings, in their order, by what a fault is about."""


def page() -> str:
    """The whole of it."""
    parts = [
        f"## {heading}\n\n" + _table([fault for fault in FAULTS if fault.about == about])
        for about, heading in ABOUT.items()
    ]
    return HEAD + "\n".join(parts)


def _table(faults: list[Fault]) -> str:
    rows = "".join(
        f"| `{fault.name}` | {fault.state} | {_cell(fault.what)} | {_cell(fault.why)} | {_cell(fault.do)} |\n"
        for fault in faults
    )
    return "| name | state | what | why it matters | what to do |\n|---|---|---|---|---|\n" + rows


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
