#!/usr/bin/python3
"""soak_test.py short|long [SEED]: see tests/imposter/soak.py. Small entries go in one request, large ones in pieces,
by the API that the seed chooses.
HOST_SIM and GS_IMPOSTER name the programs."""

import os
import random

import gs_tools as tools  # first: it knows where the others are
import soak

KINDS = 17  # of faults


def main():
    run = soak.Soak()
    signs = random.Random(run.seed).choice([True, False])
    print("with an HMAC key" if signs else "with tokens", flush=True)
    with tools.Imposter(*run.arguments()) as imposter:
        os.environ.update(imposter.environment(signs))
        sink = imposter.sink_url("stall_timeout_ms=1000", "resumable_threshold=1MiB", "resumable_piece=1MiB", prefix="/soak",
                                 signs=signs)
        state, log = run.run(imposter, sink, "3MiB")
    assert "session~" not in log, "the address of a session in the log"
    assert state["shown_at_decoy"] == 0, "a token was shown to another host"
    run.check_faults(state, KINDS, 3)


main()
