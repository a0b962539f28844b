"""An environment of one's own, evolved, gone on with, and used as a policy.

The same on the command line, with pictures of it at work:

    neatgrow run own_environment.py:Hover --generations 10 --out hover
    neatgrow resume hover --import own_environment.py --generations 20
    neatgrow watch hover --import own_environment.py --video hover.gif
"""

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete

import neatgrow as ng


class Hover(gymnasium.Env):
    """Hold a drone at its target, with an engine that is on or off, in wind that changes."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012
    observation_space = Dict(drone=Box(-10.0, 10.0, (2,)), target=Box(-1.0, 1.0, (1,)),
                             wind=Discrete(3))  # fmt: skip
    action_space = Discrete(2)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.height, self.speed, self.ticks, self.wind = 0.0, 0.0, 0, 1
        self.target = self.np_random.uniform(-1.0, 1.0)
        return self.observed(), {}

    def observed(self):
        drone = np.clip([self.height, self.speed], -10.0, 10.0).astype(np.float32)
        return {"drone": drone, "target": np.array([self.target], np.float32), "wind": self.wind}

    def step(self, action):
        if self.ticks % 20 == 0:
            self.wind = int(self.np_random.integers(3))
        self.speed += 0.02 * (2 * action - 1) + 0.005 * (self.wind - 1) - 0.05 * self.speed
        self.height, self.ticks = self.height + self.speed, self.ticks + 1
        reward = 1.0 - min(abs(self.height - self.target), 1.0)
        return self.observed(), reward, abs(self.height) > 3.0, self.ticks >= 100, {}

    def render(self):
        frame = np.full((120, 120, 3), 255, np.uint8)
        for at, colour in ((self.target, (200, 200, 200)), (self.height, (30, 90, 180))):
            row = int(np.clip(60 - 25 * at, 2, 117))
            frame[row - 2 : row + 3, 40:80] = colour
        return frame


def main() -> None:
    problem = ng.Gymnasium(Hover, episodes=5, solved_at=85.0)
    ng.evolve(problem, generations=2, seed=1, directory="hover")
    result = ng.resume("hover", problem=problem, generations=40)
    print(result)

    result.policy().save("hover-policy.npz")
    policy, env = ng.Policy.load("hover-policy.npz"), Hover()
    observation, _ = env.reset(seed=7)
    print("an action:", policy(observation))
    print("mean return:", ng.evaluate(policy, problem, episodes=20))


if __name__ == "__main__":
    main()
