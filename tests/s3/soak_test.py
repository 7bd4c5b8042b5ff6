#!/usr/bin/python3
"""soak_test.py short|long [SEED]: see tests/imposter/soak.py. Small entries go in one request, large ones in parts. The store
has a few harmless habits too, drawn by the seed. HOST_SIM and S3_IMPOSTER name the programs."""

import os
import random
import tempfile

import imposter_tools as tools  # first: it knows where the others are
import soak

TOKEN = "token+/=0"
KINDS = 21  # of faults
# Not those that leave out uploads in parts, which the large entries are for, nor what hides a lost answer's object.
HABITS = ["no_etag_on_put", "opaque_etag", "no_request_id", "no_checksum_echo", "created", "put_document",
          "refuses_expect", "demands_condition", "repeats_last_key", "plus_alone", "unsaid_encoding", "never_encodes",
          "only_says_encoding", "unsaid_end", "unsaid_more", "capitals", "prefixed_names", "blank_first", "no_token",
          "exact_upload_prefix"]


def write_credentials(file):
    """Of now; each rotation of the imposter writes it again."""
    with open(file, "w") as out:
        out.write(f"[default]\naws_access_key_id = {tools.ACCESS_KEY}\n"
                  f"aws_secret_access_key = {tools.SECRET_KEY}\naws_session_token = {TOKEN}\n")


def main():
    run = soak.Soak()
    habits = ",".join(random.Random(run.seed).sample(HABITS, 4))
    print("habits:", habits, flush=True)
    with tempfile.TemporaryDirectory(prefix="s3-soak-") as directory:
        credentials = os.path.join(directory, "credentials")
        write_credentials(credentials)
        os.environ.update(AWS_SHARED_CREDENTIALS_FILE=credentials, AWS_CONFIG_FILE=os.path.join(directory, "none"),
                          AWS_EC2_METADATA_DISABLED="true")
        with tools.Imposter(*run.arguments(), "--habits", habits, "--session-token", TOKEN, "--credentials-file",
                            credentials) as imposter:
            sink = imposter.sink_url("stall_timeout_ms=1000", "multipart_threshold=1MiB", "multipart_part_size=5MiB",
                                     prefix="/soak")
            state, _ = run.run(imposter, sink, "6MiB")
    assert state["signed_at_decoy"] == 0, "a signature was shown to another host"
    run.check_faults(state, KINDS, 4)


main()
