"""
Search for settings by short runs, with Optuna's tree-structured Parzen estimator (Bergstra et al. 2011).

A trial is remembered when it has ended. What the next one tries depends on the finished ones and the seed alone: after
a pause or a kill the search asks for the same settings again, and goes on from that trial's own checkpoint.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import optuna

from ..problems import Problem, bad_request
from ..training.contract import JobSpec, Outcome, Reporter

SHARE = 0.34
"""Of the steps or epochs of the whole run that a trial gets."""
WORST = 0.0
"""Score of a trial that diverged; all scores are shares or probabilities."""


class TrialReporter:
    """A trial's own curve is not the job's; only being asked to stop passes through."""

    def __init__(self, outer: Reporter) -> None:
        self._outer = outer

    def message(self, text: str, level: str = "info") -> None: ...

    def metrics(self, step: int, total: int, figures: dict[str, float]) -> None: ...

    def checkpoint(self, step: int, figures: dict[str, float]) -> None: ...

    def wanted(self) -> str | None:
        return self._outer.wanted()


def best_settings(spec: JobSpec, search: dict[str, Any], reporter: Any) -> JobSpec | Outcome:
    """The job with the best settings found, or how it was stopped meanwhile. The test part plays no role in it."""
    if not spec.parts.validation:
        raise bad_request("invalid_search", "A search needs a validation part to judge by.", "validation_file")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    spec.folder.mkdir(parents=True, exist_ok=True)
    path = spec.folder / "trials.json"
    done: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    space = {name: distribution(name, values, spec) for name, values in search["space"].items()}
    while len(done) < search["trials"]:
        settings = next_settings(done, space, spec.seed)
        outcome = run_trial(spec, settings, len(done), TrialReporter(reporter))
        if outcome.stopped is not None:
            return outcome
        value = outcome.evaluation["tuned"] if outcome.evaluation else WORST
        done.append({"settings": settings, "value": value})
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(done))
        partial.rename(path)
        reporter.trial(len(done), search["trials"], value, settings)
    best = max(done, key=lambda trial: trial["value"])
    return dataclasses.replace(spec, settings={**spec.settings, **best["settings"]})


def next_settings(done: list[dict[str, Any]], space: dict[str, Any], seed: int) -> dict[str, Any]:
    """What to try after the finished trials."""
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed + len(done)))
    for trial in done:
        study.add_trial(optuna.trial.create_trial(params=trial["settings"], distributions=space, value=trial["value"]))
    return study.ask(space).params


def distribution(name: str, values: Any, spec: JobSpec) -> optuna.distributions.BaseDistribution:
    """A list is a choice; a range of rates is drawn by its logarithm."""
    if isinstance(values, list):
        return optuna.distributions.CategoricalDistribution(values)
    if isinstance(spec.settings[name], int) and isinstance(values["low"], int):
        return optuna.distributions.IntDistribution(values["low"], values["high"])
    return optuna.distributions.FloatDistribution(values["low"], values["high"], log=values["low"] > 0)


def run_trial(spec: JobSpec, settings: dict[str, Any], index: int, reporter: Reporter) -> Outcome:
    """A short run in a folder of its own, which is gone afterwards."""
    from ..training.run import run

    folder: Path = spec.folder / f"trial-{index}"
    length = {"steps": max(1, round(spec.settings["steps"] * SHARE)), "epochs": spec.settings["epochs"] * SHARE}
    if spec.settings["steps"] == 0:
        length["steps"] = 0
    trial = dataclasses.replace(spec, folder=folder, settings={**spec.settings, **length, **settings})
    try:
        outcome = run(trial, reporter)
    except Problem as problem:
        if problem.code != "diverged":
            raise
        # These settings are no good, which is what a search is to find out.
        outcome = Outcome(None)
    if outcome.stopped != "pause":
        shutil.rmtree(folder, ignore_errors=True)
    return outcome
