"""Settings that cannot work for a problem, said when a run begins."""

from neatgrow import _checks, automatic
from neatgrow.config import Config
from neatgrow.evaluation.base import Problem, Teaching
from neatgrow.learning.targets import complaint_of_settings, outputs_spike
from neatgrow.sections import Direct


def check_settings(problem: Problem, config: Config) -> None:
    """Warn, with the remedy, of settings that a problem does not go with.

    Args:
        problem: What is evolved on.
        config: None of it ``"auto"``.

    Raises:
        ValueError: Outputs of which the largest counts would be single spikes.
    """
    if not isinstance(config.encoding, Direct):  # the settings are not those of what is judged
        return
    if getattr(problem, "scores", False) and outputs_spike(config) and config.readout == "last":
        remedy = (
            f'Set ticks={max(config.ticks, 20)} and readout="mean", which gives their rates, or '
            '"genes.dynamics.outputs" to "leaky".'
        )
        rule = f"'mean' where spiking outputs are read as scores, as of {problem.name}"
        raise ValueError(_checks.message("readout", rule, "'last'", remedy))
    complaints = []
    if config.recurrent and config.ticks == 1 and automatic.sequential(problem) is False:
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
