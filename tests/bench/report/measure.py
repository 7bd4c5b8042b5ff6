#!/usr/bin/python3
"""Runs what scenarios.py lists and writes results.json, after each run again, so that an interrupted one still counts.

    measure.py --build DIR --data DIR --out DIR [--quick] [--only REGEX]"""

import argparse
import json
import os
import re
import sys
import time

import machine
import scenarios
import sources

REPETITIONS, QUICK_REPETITIONS = 5, 2
SWEEP_REPETITIONS, QUICK_SWEEP_REPETITIONS = 3, 1
SOURCE = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure_run(bench, run, quick):
    """{"measured": [figures], "yardstick": [figures]} with a state; yardstick and measured take turns."""
    measured, yardstick = run.chosen(quick)
    result = {"state": "measured", "why": "", "measured": [], "yardstick": []}
    try:
        for _ in range(QUICK_REPETITIONS if quick else REPETITIONS):
            if yardstick:
                result["yardstick"].append(yardstick.measure(bench))
            result["measured"].append(measured.measure(bench))
    except sources.NotInBuild as error:
        result.update(state="not in this build", why=str(error))
    except sources.Failed as error:
        result.update(state="failed", why=str(error))
    return result


def measure_sweep(bench, sweep, quick):
    """Every x of every series in turn, then again: what changes on the machine meanwhile hits all of them."""
    series = {name: {"points": {x: [] for x in sweep.xs}, "why": ""} for name in sweep.series}
    xs = sweep.xs[::2] if quick else sweep.xs
    for _ in range(QUICK_SWEEP_REPETITIONS if quick else SWEEP_REPETITIONS):
        for x in xs:
            for name, make in sweep.series.items():
                try:
                    figures = make(x).measure(bench)
                    series[name]["points"][x].append(figures[sweep.figure] * sweep.scale)
                except (sources.NotInBuild, sources.Failed) as error:
                    series[name]["why"] = str(error)
    return {
        "title": sweep.title, "about": sweep.about, "x_label": sweep.x_label, "y_label": sweep.y_label,
        "x_unit": sweep.x_unit, "y_log": sweep.y_log,
        "series": [{"name": name, "why": one["why"],
                    "points": [{"x": x, "values": values} for x, values in one["points"].items() if values]}
                   for name, one in series.items()],
    }


def rows_of(group, runs):
    for row in group.rows:
        if row.run not in runs:
            continue
        run = runs[row.run]
        yardsticks = run["yardstick"] or run["measured"]
        yield {
            "title": row.title, "unit": row.unit, "state": run["state"], "why": run["why"],
            "measured": [one[row.figure] for one in run["measured"]],
            "yardstick": [one[row.yardstick_figure] for one in yardsticks] if row.yardstick_figure else [],
            "yardstick_what": row.yardstick,
            "reach": [{"what": what, "comparison": comparison, "number": number}
                      for what, comparison, number in row.reach],
        }


def write(path, results):
    with open(path + ".tmp", "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    os.replace(path + ".tmp", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--quick", action="store_true", help="smaller, and fewer repetitions")
    parser.add_argument("--only", default="", metavar="REGEX", help="runs and plots whose name contains this")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    out = os.path.join(options.out, "results.json")
    bench = sources.Bench(options.build, options.data)
    begin = time.monotonic()
    results = {"version": 1, "quick": options.quick, "machine": machine.facts(bench.build, bench.data, SOURCE),
               "repetitions": QUICK_REPETITIONS if options.quick else REPETITIONS, "groups": [], "sweeps": []}
    chosen = re.compile(options.only, re.IGNORECASE)
    runs = {}
    for name, run in scenarios.RUNS.items():
        if not chosen.search(name):
            continue
        say(f"{time.monotonic() - begin:6.0f} s  {name}")
        runs[name] = measure_run(bench, run, options.quick)
        if runs[name]["why"]:
            say(f"          {runs[name]['state']}: {runs[name]['why']}")
        groups = [{"title": group.title, "rows": list(rows_of(group, runs))} for group in scenarios.GROUPS]
        results["groups"] = [group for group in groups if group["rows"]]
        write(out, results)
    for sweep in scenarios.SWEEPS:
        if not chosen.search(sweep.title):
            continue
        say(f"{time.monotonic() - begin:6.0f} s  {sweep.title}")
        results["sweeps"].append(measure_sweep(bench, sweep, options.quick))
        write(out, results)
    say(f"{time.monotonic() - begin:6.0f} s  done: {out}")


if __name__ == "__main__":
    main()
