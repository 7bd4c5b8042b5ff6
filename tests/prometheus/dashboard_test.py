#!/usr/bin/python3
"""The dashboard in cli/prometheus, without a Grafana: that it is what Grafana reads, shows only metrics that are there,
and that the table of metrics in the README is whole. HOST_SIM and TIDEMARK name the programs."""

import os
import re
import subprocess
import tempfile
import unittest

import prometheus_tools as tools

README = os.path.join(tools.PROJECT, "cli", "prometheus", "README.md")
KINDS = {"row", "stat", "timeseries", "table"}
WIDTH = 24
SUFFIXES = ("_bucket", "_count", "_sum")


def run(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=200)


def families(path):
    """Name and type of every metric of a file that Prometheus reads."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    said, code = tools.promtool("check", "metrics", text=text)
    assert (said, code) == ("", 0), said
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


def real_metrics():
    """All that the archiver and the tool say, by running them."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        url = f"file://{folder}/archive"
        run(os.environ["HOST_SIM"], "run", "--data", f"{folder}/data", "--sink", url, "--entries", 8,
            "--option", f"metrics_file={folder}/archiver.prom")
        found.update(families(f"{folder}/archiver.prom"))
        for verb, more in (("verify", []), ("info", []), ("prune", ["--older-than", "30d"])):
            run(os.environ["TIDEMARK"], verb, url, *more, "--metrics", f"{folder}/tool.prom")
            found.update(families(f"{folder}/tool.prom"))
    return found


class Dashboard(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.metrics = real_metrics()
        cls.dashboard = tools.dashboard()
        cls.panels = cls.dashboard["panels"]

    def test_what_grafana_wants(self):
        for name, kind in {"uid": str, "title": str, "schemaVersion": int, "panels": list, "templating": dict, "time": dict}.items():
            self.assertIsInstance(self.dashboard[name], kind, name)
        self.assertNotIn("id", self.dashboard, "the number of one Grafana")
        self.assertNotIn("__inputs", self.dashboard, "it can be provisioned as it is")
        ids = [panel["id"] for panel in self.panels]
        self.assertEqual(len(ids), len(set(ids)))
        for panel in self.panels:
            with self.subTest(panel=panel["title"]):
                self.assertIn(panel["type"], KINDS)
                place = panel["gridPos"]
                self.assertTrue(place["w"] > 0 and place["h"] > 0 and place["x"] >= 0 and place["x"] + place["w"] <= WIDTH)
                if panel["type"] == "row":
                    continue
                self.assertTrue(panel["description"].endswith("."))
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                references = [target["refId"] for target in panel["targets"]]
                self.assertTrue(references and len(references) == len(set(references)))

    def test_no_panel_lies_on_another(self):
        taken = {}
        for panel in self.panels:
            place = panel["gridPos"]
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, panel["title"])
                    taken[x, y] = panel["title"]

    def test_the_source_of_data_is_a_choice(self):
        variables = {variable["name"]: variable for variable in self.dashboard["templating"]["list"]}
        self.assertEqual((variables["datasource"]["type"], variables["datasource"]["query"]), ("datasource", "prometheus"))
        chosen = {"type": "prometheus", "uid": "${datasource}"}
        for panel in self.panels:
            for place in [panel, *panel.get("targets", [])] if panel["type"] != "row" else []:
                self.assertEqual(place["datasource"], chosen, panel["title"])
        for _, expression in tools.dashboard_expressions():
            self.assertLessEqual(set(re.findall(r"\$(\w+)", expression)) - {"__rate_interval"}, set(variables), expression)

    def test_each_expression_is_of_metrics_that_are_there(self):
        lines = ["groups:", "- name: panels", "  rules:"]
        for number, (title, expression) in enumerate(tools.dashboard_expressions()):
            for name in re.findall(r"\btidemark_\w+", expression):
                base = next((name[:-len(end)] for end in SUFFIXES if name.endswith(end) and name[:-len(end)] in self.metrics), name)
                self.assertIn(base, self.metrics, title)
            lines += [f"  - record: panel:{number}", "    expr: " + repr(tools.filled(expression)).replace("\\'", "''")]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            said, code = tools.promtool("check", "rules", "--lint=none", file.name)
        self.assertEqual(code, 0, said)

    def test_the_rules_are_of_metrics_that_are_there(self):
        for name, rule in tools.rules().items():
            for metric in re.findall(r"\btidemark_\w+", rule["expr"]):
                self.assertIn(metric, self.metrics, name)

    def test_what_the_issue_asked_for_is_shown(self):
        text = " ".join(expression for _, expression in tools.dashboard_expressions())
        for metric in ("oldest_waiting_entry_age_seconds", "storage_entries_archived_total", "archived_bytes_total", "stage_seconds",
                       "sink_breaker_state", "concurrency_limit_jobs", "memory_leased_bytes", "branches_total",
                       "verify_last_success_timestamp_seconds"):
            self.assertIn("tidemark_" + metric, text)

    def test_the_table_in_the_readme_is_whole(self):
        with open(README, encoding="utf-8") as file:
            rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (\w+) \|", file.read().partition("\n## Metrics\n")[2], re.MULTILINE)
        told = {"tidemark_" + name: kind for names, kind in rows for name in re.findall(r"`(\w+)`", names)}
        self.assertEqual(told, self.metrics)


if __name__ == "__main__":
    tools.skip_without("promtool")
    unittest.main()
