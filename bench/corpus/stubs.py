"""What a stranger's file imports and this machine has not: old Gym by Gymnasium, anything else by a stand-in."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

STOOD_IN: set[str] = set()  # names of packages that were missing


class AnyClass(type):
    """A class that has every attribute."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __getitem__(cls, _: Any) -> Any:
        """As a generic type takes its parameters."""
        return cls


class Anything(metaclass=AnyClass):
    """Takes every call and has every attribute: a summary writer, a progress bar, a window."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __call__(self, *args: Any, **_kwargs: Any) -> Any:
        """The function itself, where it stands in for a decorator."""
        return args[0] if len(args) == 1 and callable(args[0]) else Anything()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None: ...


class StandIn(ModuleType):
    """A package that is not installed; its names are classes, so that they can be called and inherited from."""

    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = AnyClass(name, (Anything,), {})
        setattr(self, name, made)
        return made


class Missing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what nobody else found, for files below `root` alone: libraries ask for packages that may be missing."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """A stand-in for a package that is not installed."""
        top = sys.modules.get(name.partition(".")[0])
        inside = isinstance(top, StandIn) and "." in name
        if "." in name and getattr(top, "__file__", None) is None:
            top = None  # a folder of the checkout, such as wandb's runs, stands for the package in vain
        if not inside and (top is not None or not self._asked_by_the_checkout()):
            return None  # a missing part of a package that is there is an error
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def _asked_by_the_checkout(self) -> bool:
        frame = inspect.currentframe()
        while frame is not None and (frame.f_code.co_filename == __file__ or "importlib" in frame.f_code.co_filename):
            frame = frame.f_back
        return frame is not None and Path(frame.f_code.co_filename).is_relative_to(self.root)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """A stand-in, whose name is kept for the report."""
        STOOD_IN.add(spec.name.partition(".")[0])
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is to be run."""


def install(root: Path) -> None:
    """Prepare this process for the files below `root`: missing packages, old Gym, old names of NumPy, no GPU."""
    if importlib.util.find_spec("gym") is None and importlib.util.find_spec("gymnasium") is not None:
        gymnasium = importlib.import_module("gymnasium")
        sys.modules["gym"] = gymnasium
        for part in ("spaces", "wrappers", "envs", "error", "utils"):
            sys.modules[f"gym.{part}"] = importlib.import_module(f"gymnasium.{part}")
    sys.meta_path.append(Missing(root.resolve()))
    if importlib.util.find_spec("tensorboard") is None:
        sys.modules["torch.utils.tensorboard"] = StandIn("torch.utils.tensorboard")
    for name, now in {"float": float, "int": int, "object": object, "bool8": np.bool_, "float_": np.float64}.items():
        if name not in vars(np):
            setattr(np, name, now)
    np.array = _old_array  # type: ignore[assignment]
    if not torch.cuda.is_available():
        _without_gpu()


_array = np.array


def _old_array(*args: Any, **kwargs: Any) -> np.ndarray:
    """`copy=False` as before NumPy 2: copy only where there must be a copy."""
    if kwargs.get("copy") is False:
        kwargs["copy"] = None
    return _array(*args, **kwargs)


def _without_gpu() -> None:
    """`cuda()` and `cuda.FloatTensor` give what `cpu` would: on which device numbers lie is no question here."""
    torch.Tensor.cuda = lambda self, *_args, **_kwargs: self  # type: ignore[method-assign,assignment]
    torch.nn.Module.cuda = lambda self, *_args, **_kwargs: self  # type: ignore[method-assign,assignment]
    for name in ("FloatTensor", "LongTensor", "ByteTensor"):
        setattr(torch.cuda, name, getattr(torch, name))
    torch.cuda.manual_seed = torch.cuda.manual_seed_all = lambda _seed: None  # type: ignore[assignment]


def gymnasium_makes(make: Callable[..., Any]) -> None:
    """Put `make` in place of Gymnasium's and Gym's."""
    for name in ("gymnasium", "gym"):
        if importlib.util.find_spec(name) is not None:
            vars(importlib.import_module(name))["make"] = make


class OldEnv:
    """An environment of the new kind as Gym had it before 0.26: `reset` returns the observation, `step` four values."""

    def __init__(self, env: Any, *, time_limit_is_done: bool = True) -> None:
        self.env, self.time_limit_is_done = env, time_limit_is_done

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)

    def seed(self, *_args: Any) -> list[int]:
        """As it was: takes a number."""
        return [0]

    def reset(self, **_kwargs: Any) -> Any:
        """The observation alone."""
        return self.env.reset()[0]

    def step(self, action: Any) -> tuple[Any, float, bool, dict[str, Any]]:
        """Observation, reward, done, info."""
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, reward, terminated or (truncated and self.time_limit_is_done), info


class SameStepVector:
    """One environment as a vector of one, which begins anew in the step that ends an episode, as Gymnasium 0.29 did."""

    num_envs = 1

    def __init__(self, env: Any) -> None:
        self.env = env
        self.single_action_space, self.single_observation_space = env.action_space, env.observation_space

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)

    def reset(self, **_kwargs: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """Observations with a leading axis of 1."""
        return self.env.reset()[0][None], {}

    def step(self, actions: np.ndarray) -> tuple[Any, ...]:
        """The first observation of the next episode, and the last of this one in `infos`."""
        obs, reward, terminated, truncated, _ = self.env.step(actions[0])
        infos = {"final_observation": [obs]}
        if terminated or truncated:
            obs = self.env.reset()[0]
        return obs[None], np.array([reward]), np.array([terminated]), np.array([truncated]), infos


class TensorVector:
    """One environment as Isaac Lab's vectors of tensors: it begins anew in the step that ends an episode."""

    def __init__(self, env: Any) -> None:
        self.env, self.unwrapped = env, self
        self.single_action_space, self.single_observation_space = env.action_space, {"policy": env.observation_space}

    def reset(self, **_kwargs: Any) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Observations below `policy`, with a leading axis of 1."""
        return {"policy": torch.from_numpy(self.env.reset()[0])[None]}, {}

    def step(self, actions: torch.Tensor) -> tuple[Any, ...]:
        """Everything a tensor with a leading axis of 1; at an end, the first observation of the next episode."""
        obs, reward, terminated, truncated, _ = self.env.step(actions[0].detach().numpy())
        if terminated or truncated:
            obs = self.env.reset()[0]
        told = (torch.tensor([x]) for x in (reward, terminated, truncated))
        return {"policy": torch.from_numpy(obs)[None]}, *told, {}


def env_of(obs: int, **actions: Any) -> Any:
    """An environment with spaces alone, for agents that read their sizes: `n_actions`, or `low` and `high`."""
    gymnasium = importlib.import_module("gymnasium")
    env = gymnasium.Env()
    env.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (obs,), np.float32)
    if "n_actions" in actions:
        env.action_space = gymnasium.spaces.Discrete(actions["n_actions"])
    else:
        low, high = (np.array(actions[side], np.float32) for side in ("low", "high"))
        env.action_space = gymnasium.spaces.Box(low, high, dtype=np.float32)
    return env
