#!/usr/bin/python3
"""A real Prometheus scrapes host-sim by the archiver's own listener, and each fault fires its alert. HOST_SIM and
TIDEMARK name the programs. The rules are those of cli/prometheus, but they wait for seconds instead of minutes."""

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request

import prometheus_tools as tools

DEADLINE_S = 120
SHORTER = [(r"\bfor: \w+", "for: 1s"), (r"> 900\b", "> 1"), (r"> 36 \* 3600", "> 1"), (r"> 0\.1\b", "> 0")]
QUICK = ["--option", "batch_entries=1", "--option", "retry_min_ms=50", "--option", "retry_max_ms=200",
         "--option", "epoch_watch_ms=100"]


def wait_for(get, what):
    """What `get` gives, once it is something."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        got = get()
        if got:
            return got
        time.sleep(0.1)
    raise AssertionError(f"gave up waiting for {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Live(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="tidemark-prometheus-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.targets = {}
        self.write_targets()
        self.begin_prometheus()

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, words, log):
        with open(self.path(log + ".log"), "w", encoding="utf-8") as file:
            process = subprocess.Popen(words, stdout=file, stderr=file, env={**os.environ, "GOMAXPROCS": "2"})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def log(self, name):
        with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    # ---- Prometheus

    def write_targets(self):
        text = json.dumps([{"targets": [place], "labels": {"instance": name}} for name, place in self.targets.items()])
        with open(self.path("next"), "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.path("next"), self.path("targets.json"))

    def begin_prometheus(self):
        with open(tools.RULES, encoding="utf-8") as file:
            text = file.read()
        for pattern, shorter in SHORTER:
            text, count = re.subn(pattern, shorter, text)
            self.assertGreater(count, 0, pattern)
        with open(self.path("rules.yml"), "w", encoding="utf-8") as file:
            file.write(text)
        config = {"global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
                  "rule_files": [self.path("rules.yml")],
                  "scrape_configs": [{"job_name": "tidemark", "file_sd_configs": [
                      {"files": [self.path("targets.json")], "refresh_interval": "1s"}]}]}
        with open(self.path("prometheus.yml"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        port = free_port()
        self.api = f"http://127.0.0.1:{port}"
        self.start(["prometheus", f"--config.file={self.path('prometheus.yml')}", f"--storage.tsdb.path={self.path('tsdb')}",
                    f"--web.listen-address=127.0.0.1:{port}"], "prometheus")

        def is_ready():
            try:
                with urllib.request.urlopen(self.api + "/-/ready", timeout=5) as answer:
                    return answer.status == 200
            except OSError:
                return False
        wait_for(is_ready, "Prometheus")

    def ask(self, path, **words):
        with urllib.request.urlopen(f"{self.api}/api/v1/{path}?{urllib.parse.urlencode(words)}", timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def firing(self, instance):
        return {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"]
                if alert["state"] == "firing" and alert["labels"].get("instance") == instance}

    def wait_until_fires(self, instance, *alerts):
        try:
            wait_for(lambda: set(alerts) <= self.firing(instance), f"{alerts} of {instance}")
        except AssertionError as problem:
            raise AssertionError(f"{problem}; firing are {self.firing(instance)}\n{self.log(instance)[-3000:]}") from None

    # ---- What it scrapes

    def engine(self, name, *more, data=None, sink=None, entries=1_000_000, rate="20/s"):
        """host-sim, which runs until the test ends; it is scraped under its name."""
        words = [os.environ["HOST_SIM"], "run", "--data", self.path(data or name), "--entries", entries, "--rate", rate, "--sink",
                 sink or f"file://{self.path('archive')}", "--log-level", "info", "--timeout", DEADLINE_S * 2,
                 "--option", "metrics_listen=127.0.0.1:0", *QUICK, *more]
        return self.start_and_scrape([str(word) for word in words], name)

    def start_and_scrape(self, words, name):
        process = self.start(words, name)

        def place():
            self.assertIsNone(process.poll(), self.log(name))
            return re.search(r"metrics are served at http://([^/]*)/metrics", self.log(name))
        self.targets[name] = wait_for(place, f"the listener of {name}")[1]
        self.write_targets()
        return process

    def earlier_run(self, entries):
        """What an engine named so has archived before."""
        subprocess.run([os.environ["HOST_SIM"], "run", "--data", self.path("engine"), "--entries", str(entries), "--partitions", "1", "--sink",
                        f"file://{self.path('archive')}", *QUICK], check=True, capture_output=True, timeout=DEADLINE_S)

    def serve(self, name, folder):
        """What node exporter does for the files of its textfile collector."""
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                for file_name in sorted(os.listdir(folder)):
                    with open(os.path.join(folder, file_name), "rb") as file:
                        self.wfile.write(file.read())

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.targets[name] = f"127.0.0.1:{server.server_port}"
        self.write_targets()

    def tidemark(self, verb, folder, *more, expect=0):
        """A run of the tool, which leaves its file there."""
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run([os.environ["TIDEMARK"], verb, f"file://{self.path('archive')}", *more, "--metrics",
                               os.path.join(folder, verb + ".prom")], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)

    # ---- All is well

    def test_all_is_well_and_the_dashboard_has_something_to_show(self):
        self.engine("engine", rate="100/s")
        wait_for(lambda: self.query('tidemark_entries_archived_total{instance="engine"} > 200'), "samples")
        for verb, more in (("verify", []), ("info", []), ("prune", ["--older-than", "30d"])):
            self.tidemark(verb, self.path("textfiles"), *more)
        self.serve("tool", self.path("textfiles"))
        wait_for(lambda: self.query("tidemark_prune_exit_code == 0"), "the tool's files")
        self.assertEqual(self.firing("engine"), set())
        for target in self.ask("targets")["activeTargets"]:
            self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        # It is OpenMetrics that was scraped: there a counter's name has no _total.
        self.assertTrue(self.ask("targets/metadata", metric="tidemark_entries_archived"))
        for title, expression in tools.dashboard_expressions():
            with self.subTest(panel=title, expression=expression):
                found = self.query(tools.filled(expression))
                if "> 0" not in expression and "== 1" not in expression:
                    self.assertTrue(found, "nothing to show")

    # ---- Each fault fires its alert

    def test_gap(self):
        self.earlier_run(40)
        os.remove(os.path.join(self.path("archive"), "main", "0", "000000000000k.tar"))
        self.engine("engine", "--partitions", 1)
        self.wait_until_fires("engine", "TidemarkGap")

    def test_conflict(self):
        os.makedirs(os.path.join(self.path("archive"), "main", "0"))
        with open(os.path.join(self.path("archive"), "main", "0", "0000000000003.tar"), "w", encoding="utf-8") as file:
            file.write("strange")
        self.engine("engine")
        self.wait_until_fires("engine", "TidemarkConflict")

    def test_superseded(self):
        # Told to stop, host-sim ends.
        self.engine("engine", "--option", "on_superseded=continue")
        wait_for(lambda: self.query('tidemark_entries_archived_total{instance="engine"} > 10'), "samples")
        self.assertEqual(self.firing("engine"), set())
        self.engine("clone", "--clone-of", self.path("engine"))
        self.wait_until_fires("engine", "TidemarkSuperseded")
        self.assertNotIn("TidemarkSuperseded", self.firing("clone"))

    def test_a_sink_that_fails(self):
        of = urllib.parse.quote(f"file://{self.path('archive')}", safe="")
        self.engine("engine", "--swap-sink", f"faulty:///?of={of}&error_rate=1", "--swap-at", 20)
        self.wait_until_fires("engine", "TidemarkBreaker", "TidemarkLag")

    def test_objects_that_are_refused(self):
        of = urllib.parse.quote(f"file://{self.path('archive')}", safe="")
        self.engine("engine", sink=f"faulty:///?of={of}&fail_puts_of=main/2/")
        self.wait_until_fires("engine", "TidemarkBackingOff", "TidemarkLag")
        self.assertNotIn("TidemarkBreaker", self.firing("engine"))

    def test_too_little_memory(self):
        self.engine("engine", "--option", "workers=32", "--option", "memory_budget_bytes=1048576", "--partitions", 64,
                    rate="500/s")
        self.wait_until_fires("engine", "TidemarkMemoryWaits")

    def stubborn(self, what):
        """A host that is at fault itself."""
        with open(self.path("entry"), "w", encoding="utf-8") as file:
            file.write("payload")
        self.start_and_scrape([os.environ["STUBBORN_HOST"], os.environ["PLUGIN"], f"file://{self.path('archive')}",
                               self.path("entry"), what, self.path("go")], "engine")
        wait_for(lambda: self.query('tidemark_running{instance="engine"} == 1'), "a sample from before")
        with open(self.path("go"), "w", encoding="utf-8"):
            pass

    def test_a_host_that_takes_no_acknowledgement(self):
        self.stubborn("acknowledgements")
        self.wait_until_fires("engine", "TidemarkFailedAcknowledges")

    def test_a_host_that_takes_no_events(self):
        self.stubborn("events")
        self.wait_until_fires("engine", "TidemarkDroppedEvents")

    def test_an_archive_that_is_damaged(self):
        self.earlier_run(10)
        path = os.path.join(self.path("archive"), "main", "0", "0000000000003.tar")
        os.chmod(path, 0o600)
        os.truncate(path, 1000)
        self.tidemark("verify", self.path("textfiles"), expect=1)
        self.serve("tool", self.path("textfiles"))
        self.wait_until_fires("tool", "TidemarkVerifyStale")
        self.assertTrue(self.query('tidemark_verify_problems{kind="damaged"} == 1'))


if __name__ == "__main__":
    tools.skip_without("prometheus")
    sys.exit(unittest.main())
