"""All ways in which the core could be wrong that somebody has thought of."""

from __future__ import annotations

from tests.simulation.mutants_of_passes import PASSES
from tests.simulation.mutants_of_the_machine import MACHINE

MUTANTS = (*MACHINE, *PASSES)
