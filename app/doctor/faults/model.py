"""Who answers questions."""

from __future__ import annotations

from app.doctor.finding import Fault

FALLS_BACK = (
    "every question fails: unread words hold their plans, everything else goes out in the agents' own words"
)

MODEL_NONE = Fault(
    name="model_none",
    about="model",
    state="note",
    what="there is no model (`TACTFUL_MODEL=none`)",
    why="unread words hold their plans, everything else goes out in the agents' own words",
    do="set TACTFUL_MODEL=anthropic to have people's words understood",
)
MODEL_SCRIPTED = Fault(
    name="model_scripted",
    about="model",
    state="note",
    what="the model is scripted",
    why="it understands nothing: it is for trying things, not for production",
    do="set TACTFUL_MODEL=anthropic",
)
KEY_MISSING = Fault(
    name="model_key_missing",
    about="model",
    state="wrong",
    what="there is no key for the model",
    why=FALLS_BACK,
    do="set ANTHROPIC_API_KEY; or TACTFUL_MODEL=scripted to try Tactful without one",
)
MODEL_AWAY = Fault(
    name="model_away",
    about="model",
    state="away",
    what="nobody answers at the model's address",
    why=FALLS_BACK,
    do="check ANTHROPIC_BASE_URL, the way out of this network, and its proxy; meanwhile drafts fall back",
)
MODEL_SETTING_WRONG = Fault(
    name="model_setting_wrong",
    about="model",
    state="wrong",
    what="a setting of the model cannot be used (`--ask-model`)",
    why="a worker ends at once with exit code 2",
    do="mend what the line names",
)
KEY_REFUSED = Fault(
    name="model_key_refused",
    about="model",
    state="wrong",
    what="the model's server refuses our key: 401 or 403 (`--ask-model`)",
    why=FALLS_BACK,
    do="set ANTHROPIC_API_KEY to a valid key that may use this model, and restart the worker",
)
MODEL_UNKNOWN = Fault(
    name="model_unknown",
    about="model",
    state="wrong",
    what="the model's server knows no such model or path: 404 (`--ask-model`)",
    why=FALLS_BACK,
    do="check TACTFUL_MODEL__NAME and ANTHROPIC_BASE_URL",
)
MODEL_REFUSES = Fault(
    name="model_refuses",
    about="model",
    state="wrong",
    what="the model's server refuses our question by another status that waiting does not cure (`--ask-model`)",
    why=FALLS_BACK,
    do="do as the line says",
)
MODEL_OTHER_FORMAT = Fault(
    name="model_other_format",
    about="model",
    state="wrong",
    what="what answers does not speak `/v1/messages`, or answers outside the schema (`--ask-model`)",
    why=FALLS_BACK,
    do="check ANTHROPIC_BASE_URL (a proxy's page in between?), and that the model can answer by a schema",
)
MODEL_FAILS = Fault(
    name="model_fails",
    about="model",
    state="away",
    what="a question was not answered: overloaded, too many requests, too slow (`--ask-model`)",
    why="attempts fail while it lasts; they are made again by themselves",
    do="look at the provider's status page; raise TACTFUL_MODEL__LIMIT if it is only slow",
)
