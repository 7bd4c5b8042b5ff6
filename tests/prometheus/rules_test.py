#!/usr/bin/python3
"""Each alert of cli/prometheus/rules.yml fires when it should, and not before: promtool test rules. And that each says
what to do, with a section of the runbook."""

import json
import os
import re
import tempfile
import unittest

import prometheus_tools as tools

HOUR = 60  # all times are in minutes
# promtool begins at time 0, where what never happened would have happened just now: so all is that much later, and
# until then as it was at first.
BEFORE = 7 * HOUR
SEEN = {"instance": "engine-1"}
EVENT = "tidemark_last_event_timestamp_seconds"


def at_minute(minute):
    """As a time in seconds."""
    return (BEFORE + minute) * 60


# For each alert: the series, one sample a minute; the labels that it has; times at which it is silent, and those at
# which it fires, with its value where the text has it.
CASES = {
    "TidemarkGap": [
        # Happened in minute 100.
        ([(EVENT, {"kind": "gap"}, f"0x99 {at_minute(100)}x460")], {"kind": "gap"},
         [0, 99, 100 + 6 * HOUR], [100, 101, 99 + 6 * HOUR]),
    ],
    "TidemarkConflict": [
        ([(EVENT, {"kind": "conflict"}, f"0x99 {at_minute(100)}x460")], {},
         [0, 99, 100 + 6 * HOUR], [100, 99 + 6 * HOUR]),
        # It was told long ago, and is met again and again.
        ([("tidemark_archives_total", {"result": "conflict"}, "1x9 2x9 3x9 4x9 4x70"), (EVENT, {"kind": "conflict"}, "0x110")], {},
         [5, 100], [12, 35, 60]),
        # Of both it is told once.
        ([("tidemark_archives_total", {"result": "conflict"}, "0x9 1+1x50"), (EVENT, {"kind": "conflict"}, f"0x9 {at_minute(10)}x50")],
         {}, [9], [12, 30]),
    ],
    "TidemarkSuperseded": [([("tidemark_superseded_total", {}, "0x9 1x20")], {}, [0, 9], [10, 25])],
    "TidemarkLag": [
        ([("tidemark_oldest_waiting_entry_age_seconds", {}, "0+60x60 0x20")], {}, [0, 15, 20, 61],
         [(21, "21m 0s"), (60, "1h 0m 0s")]),
    ],
    "TidemarkBreaker": [
        ([("tidemark_sink_breaker_state", {"state": "closed"}, "1x9 0x20 1x9")], {"state": "closed"}, [0, 10, 14, 31],
         [15, 29]),
        # A minute of it is nothing.
        ([("tidemark_sink_breaker_state", {"state": "closed"}, "1x9 0x1 1x9 0x1 1x9")], {"state": "closed"},
         [11, 22, 25], []),
    ],
    "TidemarkBackingOff": [
        ([("tidemark_partitions", {"state": "backing_off"}, "0x9 2x60 0x9")], {"state": "backing_off"}, [10, 39, 72],
         [(40, "2"), (69, "2")]),
        ([("tidemark_partitions", {"state": "dormant"}, "2x90")], {}, [90], []),
    ],
    "TidemarkFailedAcknowledges": [
        ([("tidemark_acknowledgements_total", {"result": "failed"}, "5x9 6+1x60 66x60")], {"result": "failed"},
         [9, 11, 24, 100], [27, 60]),
        ([("tidemark_acknowledgements_total", {"result": "ok"}, "0+9x60")], {}, [60], []),
    ],
    "TidemarkMemoryWaits": [
        ([("tidemark_memory_waits_total", {}, "0x9 0+60x90")], {}, [9, 35], [50, 99]),
        ([("tidemark_memory_waits_total", {}, "0+5x120")], {}, [60, 120], []),
    ],
    "TidemarkDroppedEvents": [
        ([("tidemark_events_dropped_total", {}, "3x9 4x120")], {}, [9, 75], [12, 60]),
    ],
    "TidemarkVerifyStale": [
        ([("tidemark_verify_last_success_timestamp_seconds", {"archive": "@prod"}, f"{at_minute(10)}x2300")], {"archive": "@prod"},
         [10, 10 + 36 * HOUR], [11 + 36 * HOUR]),
        # Never was it right.
        ([("tidemark_verify_last_success_timestamp_seconds", {"archive": "@new"}, "0x2300")], {"archive": "@new"},
         [36 * HOUR - BEFORE], [1 + 36 * HOUR - BEFORE]),
    ],
}


def filled(text, labels, value):
    text = re.sub(r"\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ \. \}\}(.*?)\{\{ end \}\}",
                  lambda found: found[2] + labels[found[1]] + found[3] if found[1] in labels else "", text)
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels.get(found[1], ""), text)
    return re.sub(r"\{\{ \$value[^}]*\}\}", value, text)


def with_a_neighbour(case):
    """The same of one of two engines on a machine, told apart by metrics_engine: all is well with the other one."""
    series, own_labels, silent, firing = case
    both = []
    for name, more, values in series:
        at_first = re.match(r"\d+", values)[0]
        both += [(name, {**more, "engine": "15/main"}, values), (name, {**more, "engine": "15/other"}, f"{at_first}x2300")]
    return both, {**own_labels, "engine": "15/main"}, silent, firing


def promtool_test(rule, case):
    """One of promtool's tests: JSON is YAML."""
    series, own_labels, silent, firing = case
    labels = {**SEEN, **own_labels}
    times = [(at, None) for at in silent] + [at if isinstance(at, tuple) else (at, "") for at in firing]
    alerts = []
    for at, value in sorted(times):
        expected = [] if value is None else [{
            "exp_labels": {**labels, **rule["labels"]},
            "exp_annotations": {name: filled(text, labels, value) for name, text in rule["annotations"].items()}}]
        alerts.append({"alertname": rule["alert"], "eval_time": f"{BEFORE + at}m", "exp_alerts": expected})
    return {
        "interval": "1m",
        "input_series": [
            {"series": name + json.dumps({**SEEN, **more}).replace('": ', '"=').replace('{"', "{").replace(', "', ", ")
             .replace('"=', "="), "values": re.sub(r"^(\d+)", rf"\1x{BEFORE - 1} \1", values)} for name, more, values in series],
        "alert_rule_test": alerts,
    }


class Rules(unittest.TestCase):
    def test_each_fires_when_it_should(self):
        rules = tools.rules()
        self.assertEqual(set(CASES), set(rules), "an alert without a case, or a case without an alert")
        tests = [promtool_test(rules[alert], case) for alert, cases in CASES.items() for case in cases]
        # What the tool says has no engine.
        tests += [promtool_test(rules[alert], with_a_neighbour(case)) for alert, cases in CASES.items() for case in cases
                  if alert != "TidemarkVerifyStale"]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rules.yml")
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"rule_files": [tools.RULES], "evaluation_interval": "1m", "tests": tests}, file)
            said, code = tools.promtool("test", "rules", path)
        self.assertEqual(code, 0, said)
        for alert, cases in CASES.items():
            for wanted in (2, 3):
                self.assertTrue(any(case[wanted] for case in cases), f"{alert} is never shown to be silent, or to fire")

    def test_promtool_is_content(self):
        said, code = tools.promtool("check", "rules", "--lint=all", "--lint-fatal", tools.RULES)
        self.assertEqual(code, 0, said)

    def test_the_configuration_of_the_readme_is_one(self):
        with open(os.path.join(os.path.dirname(tools.RULES), "README.md"), encoding="utf-8") as file:
            text = re.search(r"^```yaml\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)[1]
        self.assertIn("/usr/share/tidemark/prometheus/rules.yml", text)
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(text.replace("/usr/share/tidemark/prometheus/rules.yml", tools.RULES))
            file.flush()
            said, code = tools.promtool("check", "config", file.name)
        self.assertEqual(code, 0, said)
        self.assertIn("10 rules found", said)

    def test_each_says_what_to_do(self):
        for name, rule in tools.rules().items():
            anchor = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
            with self.subTest(alert=name):
                self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
                self.assertEqual(set(rule["annotations"]), {"summary", "description", "action", "runbook_url"})
                self.assertEqual(rule["annotations"]["runbook_url"], "cli/OPERATIONS.md#" + anchor)

    @unittest.skipUnless(os.path.exists(tools.RUNBOOK), "there is no runbook")
    def test_the_runbook_has_a_section_for_each(self):
        with open(tools.RUNBOOK, encoding="utf-8") as file:
            headings = re.findall(r"^#+ (.*)$", file.read(), re.MULTILINE)
        anchors = [re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings]
        for rule in tools.rules().values():
            self.assertIn(rule["annotations"]["runbook_url"].partition("#")[2], anchors)


if __name__ == "__main__":
    tools.skip_without("promtool")
    unittest.main()
