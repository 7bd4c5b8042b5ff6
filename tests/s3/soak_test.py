#!/usr/bin/python3
"""soak_test.py short|long [SEED]: host-sim archives to an imposter that fails in every way it can, each at 10 %.

Small entries go in one request, large ones in parts. Afterwards nothing may be missing or different, and each object
was created exactly once. The store has a few harmless habits too, drawn by the seed. HOST_SIM and S3_IMPOSTER name the
programs.

While the store fails so often the archiver asks it one thing at a time, so stalls, a second each, are what takes time:
the short form has few of them."""

import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import host_sim_tools  # noqa: E402
import imposter_tools as tools  # noqa: E402

TOKEN = "token+/=0"
FAULTS = ["--only-below", "soak/main/", "--retry-after-s", 0, "--stall-ms", 1500]
FORMS = {"short": (120, 8, "all=0.1,stall=0.01"), "long": (3000, 200, "all=0.1")}  # small, large, rates
KINDS = 21  # of faults
# Not those that leave out uploads in parts, which the large entries are for, nor what hides a lost answer's object.
HABITS = ["no_etag_on_put", "opaque_etag", "no_request_id", "no_checksum_echo", "created", "put_document",
          "refuses_expect", "demands_condition", "repeats_last_key", "plus_alone", "unsaid_encoding", "never_encodes",
          "only_says_encoding", "unsaid_end", "unsaid_more", "capitals", "prefixed_names", "blank_first", "no_token",
          "exact_upload_prefix"]
WORDS = ["--no-lineage", "--partitions", 64, "--timeout", 1500, "--option", "workers=16", "--option", "retry_min_ms=5", "--option",
         "retry_max_ms=50"]


def write_credentials(file):
    """Of now; each rotation of the imposter writes it again."""
    with open(file, "w") as out:
        out.write(f"[default]\naws_access_key_id = {tools.ACCESS_KEY}\n"
                  f"aws_secret_access_key = {tools.SECRET_KEY}\naws_session_token = {TOKEN}\n")


def check(state, entries, kinds):
    """The books of the imposter."""
    archives = {key: count for key, count in state["creates"].items() if key.startswith("soak/main/")}
    assert len(archives) == entries, f"{len(archives)} objects, not {entries}"
    twice = {key: count for key, count in archives.items() if count != 1}
    assert not twice, f"created more than once: {twice}"
    assert state["signed_at_decoy"] == 0, "a signature was shown to another host"
    came = {name for name in state["counts"] if name.startswith("fault.")}
    assert len(came) >= kinds, f"not every fault came: {sorted(came)}"


def main():
    form = sys.argv[1]
    small, large, rates = FORMS[form]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    habits = ",".join(random.Random(seed).sample(HABITS, 4))
    print(f"{small} small and {large} large entries, seed {seed}, habits {habits}", flush=True)
    with tempfile.TemporaryDirectory(prefix="s3-soak-") as directory:
        data, credentials = os.path.join(directory, "data"), os.path.join(directory, "credentials")
        write_credentials(credentials)
        os.environ.update(AWS_SHARED_CREDENTIALS_FILE=credentials, AWS_CONFIG_FILE=os.path.join(directory, "none"),
                          AWS_EC2_METADATA_DISABLED="true")
        with tools.Imposter(*FAULTS, "--rate", rates, "--seed", seed, "--habits", habits, "--session-token", TOKEN, "--credentials-file",
                            credentials) as imposter:
            sink = imposter.sink_url("stall_timeout_ms=1000", "multipart_threshold=1MiB", "multipart_part_size=5MiB",
                                     prefix="/soak")
            run = ["run", "--data", data, "--sink", sink, *WORDS]
            _, log = host_sim_tools.run(*run, "--entries", small, limit_s=1600)
            # More of the same log, larger ones.
            _, more = host_sim_tools.run(*run, "--entries", small + large, "--files", 1, "--file-size", "6MiB",
                                         limit_s=1600)
            imposter.make_peace()
            out, _ = host_sim_tools.run("verify", "--data", data, "--sink", sink)
            state = imposter.state()
    print(out, state["counts"])
    entries = small + large
    assert out == f"verified {entries} entries in {entries} archives: 0 missing, 0 different\n", out
    assert "CONFLICT" not in log + more, log + more
    # A short soak has too few large entries to meet each fault of theirs.
    check(state, entries, KINDS if form == "long" else KINDS - 4)


main()
