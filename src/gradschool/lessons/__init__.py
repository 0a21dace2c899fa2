"""What the lessons show: figures, clinics of faulty agents, experiments, and how training is drawn while it runs."""

from importlib.util import find_spec

_MISSING = [name for name in ("gymnasium", "matplotlib") if find_spec(name) is None]
if _MISSING:
    raise ImportError(
        f"The lessons need {' and '.join(_MISSING)}: gradschool was installed without its extra `lessons`. "
        "`gradschool doctor --fix` installs it."
    )
