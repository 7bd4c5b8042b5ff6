#!/usr/bin/env bash
# certificates.sh DIR: an own CA (ca.pem, ca.key) and a certificate of it for loopback (server.pem, server.key).
set -euo pipefail
cd "$1"
new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${new[@]}" -days 30 -subj "/CN=tests" -keyout ca.key -out ca.pem
openssl req "${new[@]}" -subj "/CN=localhost" -keyout server.key -out server.csr
echo "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:s3.localhost,DNS:*.s3.localhost" >extensions
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions -out server.pem
