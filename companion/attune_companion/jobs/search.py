"""
Search for settings by short runs, with Optuna's tree-structured Parzen estimator (Bergstra et al. 2011).

A trial is remembered when it has ended; after a kill the finished ones are told to the sampler again, and the search
goes on with the next.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import optuna

from ..problems import bad_request
from ..training.contract import JobSpec, Outcome, Reporter

SHARE = 0.34
"""Of the steps or epochs of the whole run that a trial gets."""


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
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=spec.seed))
    for trial in done:
        study.add_trial(optuna.trial.create_trial(params=trial["settings"], distributions=space, value=trial["value"]))
    while len(done) < search["trials"]:
        asked = study.ask(space)
        outcome = run_trial(spec, asked.params, len(done), TrialReporter(reporter))
        if outcome.stopped is not None:
            return outcome
        value = outcome.evaluation["tuned"] if outcome.evaluation else 0.0
        study.tell(asked, value)
        done.append({"settings": asked.params, "value": value})
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(done))
        partial.rename(path)
        reporter.trial(len(done), search["trials"], value, asked.params)
    best = max(done, key=lambda trial: trial["value"])
    return dataclasses.replace(spec, settings={**spec.settings, **best["settings"]})


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
    outcome = run(trial, reporter)
    if outcome.stopped != "pause":
        shutil.rmtree(folder, ignore_errors=True)
    return outcome
