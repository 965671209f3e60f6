"""How many files and sockets this process may open, and how many viewers that is enough for."""

import sys

#: The most that is asked for: each open socket costs memory of the system.
MAX_ASKED = 65_536
#: Streams and pages of the audience that are served at once, where the system allows so many.
MAX_VIEWERS = 200
#: Connections of one viewer while the page loads; two stay. Each may have an answer that is sent from a file.
LOADING = 6
#: Descriptors of Streamlit's session.
SESSION = 3
#: Of one viewer: his connections, his session, one file.
PER_VIEWER = LOADING + SESSION + 1
#: Of this process alone: modules, database, log, the presenter's pages.
OWN = 128
#: Of pages that were left and may come back: Streamlit keeps 128 sessions of three descriptors.
LEFT_SESSIONS = 128 * 3
#: What a system without such limits allows.
_UNLIMITED = 8_192


def raise_limit() -> int:
    """Raise this process's limit of open files to the highest that it may have, and return it."""
    if sys.platform == "win32":
        return _UNLIMITED
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_ASKED if hard == resource.RLIM_INFINITY else min(hard, MAX_ASKED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # macOS has a further limit of its own
            wanted = soft
    return max(soft, wanted) if soft != resource.RLIM_INFINITY else MAX_ASKED


def open_limit() -> int:
    """Return how many files and sockets this process may have open."""
    if sys.platform == "win32":
        return _UNLIMITED
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_ASKED if soft == resource.RLIM_INFINITY else min(soft, MAX_ASKED)


def viewers(limit: int | None = None) -> int:
    """Return how many viewers are served at once under a limit of open files, by default that of this process."""
    free = (open_limit() if limit is None else limit) - OWN - LEFT_SESSIONS
    return max(1, min(MAX_VIEWERS, free // PER_VIEWER))


def files(limit: int | None = None) -> int:
    """Return how many answers may be sent from files at once: one a viewer, and of what is left half, as he loads."""
    free = (open_limit() if limit is None else limit) - OWN - LEFT_SESSIONS
    most = viewers(limit)
    return min(LOADING * most, max(most, (free - (LOADING + SESSION) * most) // 2))


def connections(limit: int | None = None) -> int:
    """Return how many connections may be open at once: all that sessions of viewers and files of answers leave."""
    free = (open_limit() if limit is None else limit) - OWN - LEFT_SESSIONS
    return max(16, free - SESSION * viewers(limit) - files(limit))


def needed() -> int:
    """Return the limit of open files under which all viewers are served."""
    return OWN + LEFT_SESSIONS + PER_VIEWER * MAX_VIEWERS
