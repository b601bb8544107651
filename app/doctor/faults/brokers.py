"""The way to the brokers: from their name to what they let this user do."""

from __future__ import annotations

from app.doctor.finding import Fault

NO_WAY = "a worker waits and says the same, and a command ends with exit code 3"
PROTOCOL = "TACTFUL_KAFKA__SECURITY_PROTOCOL"


def _away(name: str, what: str, do: str) -> Fault:
    """What keeps us from coming in."""
    return Fault(name=name, about="brokers", state="away", what=what, why=NO_WAY, do=do)


NAME_UNKNOWN = _away(
    "broker_name_unknown",
    "no address is known of a broker",
    "mend the name in TACTFUL_LOG, or the name service",
)
NOT_THERE = _away("broker_not_there", "nobody listens at the address", "start it, or mend TACTFUL_LOG")
SILENT = _away(
    "broker_silent",
    "the address answers nothing for 5 s",
    "look at the broker, and at what is between (a firewall, a NetworkPolicy)",
)
NO_BROKER = _away(
    "broker_is_none",
    "who listens there closes the connection without an answer",
    "check that a Kafka broker listens there, and what it logs",
)
TLS_WANTED = _away(
    "tls_wanted",
    "the listener speaks TLS, and our protocol does not",
    f"set {PROTOCOL} to SSL or SASL_SSL, or the port of a listener without TLS",
)
TLS_UNKNOWN = _away(
    "tls_unknown",
    "the listener does not speak TLS, and our protocol wants it",
    f"set {PROTOCOL} to PLAINTEXT or SASL_PLAINTEXT, or the port of a listener with TLS",
)
AUTHORITY_UNKNOWN = _away(
    "authority_unknown",
    "the broker's certificate is signed by nobody we trust",
    "set TACTFUL_KAFKA__SSL_CAFILE to the certificate of the brokers' authority",
)
CERTIFICATE_EXPIRED = _away(
    "certificate_expired", "the broker's certificate has expired", "give the broker a new one"
)
CERTIFICATE_TOO_YOUNG = _away(
    "certificate_too_young",
    "the broker's certificate is not valid yet",
    "check this machine's clock, and the certificate's dates",
)
CERTIFICATE_OF_ANOTHER = _away(
    "certificate_of_another",
    "the broker's certificate was made for another host",
    "write the broker in TACTFUL_LOG by a name of its certificate, or add that name to the certificate",
)
CERTIFICATE_WANTED = _away(
    "certificate_wanted",
    "the broker wants a certificate of ours, and there is none",
    "set TACTFUL_KAFKA__SSL_CERTFILE and TACTFUL_KAFKA__SSL_KEYFILE",
)
CERTIFICATE_REFUSED = _away(
    "certificate_refused",
    "the broker refuses our certificate",
    "check that its authority is in the brokers' truststore and that it has not expired: openssl x509 -noout "
    "-issuer -dates -in FILE",
)
CERTIFICATES_UNUSABLE = _away(
    "certificates_unusable",
    "the files of `TACTFUL_KAFKA__SSL_*` are no PEM, or the key's password is wrong",
    "give files in PEM form that this user may read",
)
PASSWORD_WANTED = _away(
    "password_wanted",
    "the broker wants a user and a password",
    f"set {PROTOCOL}=SASL_SSL, TACTFUL_KAFKA__SASL_MECHANISM, __SASL_USERNAME and __SASL_PASSWORD_FILE",
)
PASSWORD_UNWANTED = _away(
    "password_unwanted",
    "the broker asks for no password, and our protocol gives one",
    f"set {PROTOCOL} without SASL_, or the port of a listener with SASL",
)
PASSWORD_WRONG = _away(
    "password_wrong",
    "the broker does not know the user, or another password of theirs",
    "check TACTFUL_KAFKA__SASL_USERNAME and the password that is in TACTFUL_KAFKA__SASL_PASSWORD_FILE",
)
MECHANISM_REFUSED = _away(
    "mechanism_refused",
    "the broker does not take our mechanism",
    "set TACTFUL_KAFKA__SASL_MECHANISM to one it takes, or enable it there",
)
HALF_REACHED = _away(
    "broker_half_reached",
    "a broker lets us in, and the addresses it then names do not answer",
    "check that the brokers' advertised.listeners can be reached from here",
)
TROUBLE = _away(
    "broker_trouble", "the brokers answer with an error of their own", "look at the brokers, then try again"
)
PASSWORD_READABLE = Fault(
    name="password_readable",
    about="brokers",
    state="note",
    what="the password goes to the brokers readable (`SASL_PLAINTEXT` with `PLAIN`)",
    why="whoever sees the network reads it, and all that people say",
    do="use SASL_SSL where the network is not yours alone, or at least a SCRAM mechanism",
)
CLOCK_OFF = Fault(
    name="clock_off",
    about="clock",
    state="wrong",
    what="this machine's clock and the brokers' are more than 30 s apart",
    why="nudges go out at the wrong time; from 5 min on brokers refuse what is dated ahead, and nothing is committed",
    do="keep both by NTP: timedatectl, chronyc tracking",
)
CLOCK_BEHIND_EVENTS = Fault(
    name="clock_behind_events",
    about="clock",
    state="note",
    what="events are dated after this machine's clock",
    why="delays and silences are counted from a time that has not come yet",
    do="compare this machine's clock, the brokers' and the services': keep all by NTP",
)
RIGHT_MISSING = Fault(
    name="right_missing",
    about="ACLs",
    state="wrong",
    what="this user lacks a right that a worker needs (each is named)",
    why="a worker ends at its start and names it",
    do="the finding has the command; tactful doctor --rights worker --principal User:NAME prints all of them",
)
RIGHTS_UNSAID = Fault(
    name="rights_unsaid",
    about="ACLs",
    state="note",
    what="the broker is too old to say what a user may do (before 2.3)",
    why="a right that lacks shows only when it is needed",
    do="compare with tactful doctor --rights worker",
)
