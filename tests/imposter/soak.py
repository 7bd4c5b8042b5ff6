"""host-sim archives to an imposter that fails in every way it can, each at 10 %. Afterwards nothing may be missing or
different, and each object was created exactly once. HOST_SIM names the program.

While the store fails so often the archiver asks it one thing at a time, so stalls, a second each, are what takes time:
the short form has few of them."""

import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import host_sim_tools  # noqa: E402

FAULTS = ["--only-below", "soak/main/", "--retry-after-s", 0, "--stall-ms", 1500]
FORMS = {"short": (120, 8, "all=0.1,stall=0.01"), "long": (3000, 100, "all=0.1")}  # small, large, rates
WORDS = ["--no-lineage", "--partitions", 64, "--timeout", 3000, "--option", "workers=16", "--option", "retry_min_ms=5", "--option",
         "retry_max_ms=50"]


class Soak:
    """One run, of `soak_test.py short|long [SEED]`."""

    def __init__(self):
        self.form = sys.argv[1]
        self.small, self.large, self.rates = FORMS[self.form]
        self.seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)

    def arguments(self):
        """Of the imposter."""
        return [*FAULTS, "--rate", self.rates, "--seed", self.seed]

    def run(self, imposter, sink, large_size):
        """What the imposter saw, and what the archiver said."""
        entries = self.small + self.large
        print(f"{self.small} small and {self.large} large entries, seed {self.seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="soak-") as directory:
            data = os.path.join(directory, "data")
            run = ["run", "--data", data, "--sink", sink, *WORDS]
            _, log = host_sim_tools.run(*run, "--entries", self.small, limit_s=3100)
            # More of the same log, larger ones.
            _, more = host_sim_tools.run(*run, "--entries", entries, "--files", 1, "--file-size", large_size, limit_s=3100)
            imposter.make_peace()
            out, _ = host_sim_tools.run("verify", "--data", data, "--sink", sink)
        state = imposter.state()
        print(out, state["counts"])
        assert out == f"verified {entries} entries in {entries} archives: 0 missing, 0 different\n", out
        assert "CONFLICT" not in log + more, log + more
        archives = {key: count for key, count in state["creates"].items() if key.startswith("soak/main/")}
        assert len(archives) == entries, f"{len(archives)} objects, not {entries}"
        twice = {key: count for key, count in archives.items() if count != 1}
        assert not twice, f"created more than once: {twice}"
        return state, log + more

    def check_faults(self, state, kinds, of_large):
        """How many kinds have to have come; a short soak has too few large entries to meet each of theirs."""
        came = {name for name in state["counts"] if name.startswith("fault.")}
        assert len(came) >= (kinds if self.form == "long" else kinds - of_large), f"not every fault came: {sorted(came)}"
