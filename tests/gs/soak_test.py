#!/usr/bin/python3
"""soak_test.py short|long [SEED]: host-sim archives to an imposter that fails in every way it can, each at 10 %.

Small entries go in one request, large ones in pieces. Afterwards nothing may be missing or different, and each object
was created exactly once. HOST_SIM and GS_IMPOSTER name the programs."""

import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import gs_tools as tools  # noqa: E402
import host_sim_tools  # noqa: E402

FAULTS = ["--only-below", "soak/main/", "--retry-after-s", 0, "--stall-ms", 1500]
FORMS = {"short": (120, 8, "all=0.1,stall=0.01"), "long": (3000, 200, "all=0.1")}  # small, large, rates
KINDS = 17  # of faults
WORDS = ["--no-lineage", "--partitions", 64, "--timeout", 1500, "--option", "workers=16", "--option",
         "retry_min_ms=5", "--option", "retry_max_ms=50"]


def check(state, entries, kinds):
    """The books of the imposter."""
    archives = {key: count for key, count in state["creates"].items() if key.startswith("soak/main/")}
    assert len(archives) == entries, f"{len(archives)} objects, not {entries}"
    twice = {key: count for key, count in archives.items() if count != 1}
    assert not twice, f"created more than once: {twice}"
    assert state["shown_at_decoy"] == 0, "a token was shown to another host"
    came = {name for name in state["counts"] if name.startswith("fault.")}
    assert len(came) >= kinds, f"not every fault came: {sorted(came)}"


def main():
    form = sys.argv[1]
    small, large, rates = FORMS[form]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print(f"{small} small and {large} large entries, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gs-soak-") as directory:
        data = os.path.join(directory, "data")
        with tools.Imposter(*FAULTS, "--rate", rates, "--seed", seed) as imposter:
            sink = imposter.sink_url("stall_timeout_ms=1000", "resumable_threshold=1MiB", "resumable_piece=1MiB",
                                     prefix="/soak")
            run = ["run", "--data", data, "--sink", sink, *WORDS]
            _, log = host_sim_tools.run(*run, "--entries", small, limit_s=1600)
            # More of the same log, larger ones.
            _, more = host_sim_tools.run(*run, "--entries", small + large, "--files", 1, "--file-size", "3MiB",
                                         limit_s=1600)
            imposter.make_peace()
            out, _ = host_sim_tools.run("verify", "--data", data, "--sink", sink)
            state = imposter.state()
    print(out, state["counts"])
    entries = small + large
    assert out == f"verified {entries} entries in {entries} archives: 0 missing, 0 different\n", out
    assert "CONFLICT" not in log + more, log + more
    assert "session~" not in log + more, "the address of a session in the log"
    check(state, entries, KINDS if form == "long" else KINDS - 3)


main()
