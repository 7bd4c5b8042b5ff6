#!/usr/bin/python3
"""soak_test.py short|long [SEED]: see tests/imposter/soak.py. Small entries go in one request, large ones in blocks.
HOST_SIM and AZBLOB_IMPOSTER name the programs."""

import os
import random

import azblob_tools as tools  # first: it knows where the others are
import soak

KINDS = 16  # of faults
# Where Azure, or an emulator, has more than one way.
WAYS = [[], ["--exists", "not_met"], ["--exists", "overwrite"], ["--exists", "leased"], ["--blocks-count"], ["--empty-pages"],
        ["--no-mark"], ["--nothing-is-206"]]


def main():
    run = soak.Soak()
    way = random.Random(run.seed).choice(WAYS)
    print("the store's way:", *way, flush=True)
    os.environ["AZURE_STORAGE_KEY"] = tools.IMPOSTER[1]
    with tools.Imposter(*run.arguments(), *way) as imposter:
        sink = imposter.sink_url("stall_timeout_ms=1000", "block_threshold=1MiB", "block_size=2MiB", prefix="/soak")
        # Where each request fails three times of four, one block more takes four times as long.
        state, _ = run.run(imposter, sink, "6MiB" if run.form == "long" else "4MiB")
    assert state["signed_at_decoy"] == 0, "a signature was shown to another host"
    assert state["counts"].get("DeleteBlob", 0) == 0, "archiving removes nothing"
    assert state["id_sizes"] == [44], f"ids of blocks of other lengths: {state['id_sizes']}"
    run.check_faults(state, KINDS, 4)


main()
