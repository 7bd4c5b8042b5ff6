#!/usr/bin/env bash
# store_conformance.sh RECORD http|tls SINK_CONFORMANCE [ARGUMENT]...
#
# Runs the suite against the store that store_fixture.sh has started. Bodies above 1 MiB go in parts. Where the machine is busy
# Swift has been seen to remove 1,000 names in more than 30 s, without a byte meanwhile.
set -euo pipefail
record=$1 scheme=$2
shift 2
set -a
# shellcheck source=/dev/null
. "$record"
set +a
where="endpoint=$S3_ENDPOINT"
if [ "$scheme" = tls ]; then where="endpoint=$S3_ENDPOINT_TLS&ca_file=$S3_CA_FILE"; fi
exec "$@" --url "s3://$S3_BUCKET?region=$S3_REGION&$where&multipart_threshold=1MiB&multipart_part_size=5MiB&stall_timeout_ms=120000"
