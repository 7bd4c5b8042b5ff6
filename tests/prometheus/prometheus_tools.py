"""What the tests of metrics, rules and dashboard share: where they lie, and Prometheus' own programs."""

import json
import os
import shutil
import subprocess
import sys

try:
    import yaml
except ImportError:  # another Python than Debian's does not look where Debian's packages lie
    sys.path.append("/usr/lib/python3/dist-packages")
    import yaml

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
RULES = os.path.join(PROJECT, "cli", "prometheus", "rules.yml")
DASHBOARD = os.path.join(PROJECT, "cli", "prometheus", "dashboard.json")
RUNBOOK = os.path.join(PROJECT, "cli", "OPERATIONS.md")


def rules():
    """All alerts, by their names."""
    with open(RULES, encoding="utf-8") as file:
        groups = yaml.safe_load(file)["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def promtool(*arguments, text=None):
    """What it says, and its exit code."""
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=100,
                          check=False)
    return done.stdout + done.stderr, done.returncode


def skip_without(*programs):
    """77 tells ctest that it was skipped."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        print("skipped: not installed: " + " ".join(missing))
        sys.exit(77)


def dashboard():
    with open(DASHBOARD, encoding="utf-8") as file:
        return json.load(file)


def dashboard_expressions():
    """Title and expression of every target of every panel."""
    return [(panel["title"], target["expr"]) for panel in dashboard()["panels"] for target in panel.get("targets", [])]


def filled(expression):
    """As Grafana fills it in where everything is chosen."""
    return expression.replace("$job", ".*").replace("$instance", ".*").replace("$__rate_interval", "1m")
