"""Everything that the doctor can find, as one typed list: the table in app/docs/doctor.md is made of it."""

from __future__ import annotations

from app.doctor.faults import brokers, deployment, group, model, people, settings, topics
from app.doctor.finding import Fault

FAULTS: tuple[Fault, ...] = tuple(
    fault
    for module in (settings, deployment, brokers, topics, group, people, model)
    for fault in vars(module).values()
    if isinstance(fault, Fault)
)
"""In the order in which they are looked for."""

BY_NAME = {fault.name: fault for fault in FAULTS}
