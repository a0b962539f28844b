"""Settings that cannot work for a problem, said when a run begins."""

from neatgrow import _checks, automatic
from neatgrow.config import Config
from neatgrow.evaluation.base import Problem, Teaching
from neatgrow.learning.targets import complaint_of_settings
from neatgrow.sections import Direct


def warn_of_settings(problem: Problem, config: Config) -> None:
    """Warn, with the remedy, of settings that a problem does not go with.

    Args:
        problem: What is evolved on.
        config: None of it ``"auto"``.
    """
    if not isinstance(config.encoding, Direct):  # the settings are not those of what is judged
        return
    complaints = []
    if config.recurrent and automatic.sequential(problem) is False:
        complaints.append(
            f"recurrent: expected False with {problem.name}, whose samples have no order, got "
            "True. A network with loops keeps its state from one activate() to the next: use "
            "predict(), or call reset() before each sample."
        )
    if isinstance(problem, Teaching):
        unreachable = complaint_of_settings(config, problem.lessons())
        if unreachable is not None:
            complaints.append(unreachable)
    for complaint in complaints:
        _checks.warn(complaint)
