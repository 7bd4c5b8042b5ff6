#!/usr/bin/env bash
# OpenStack Swift with its S3 API on this machine alone: one device, one replica.
#
#   swift-s3.sh start|stop|status STATE_DIR      start and status print KEY=VALUE lines
#
# PORT is HTTP, PORT + 1 HTTPS, then account, container and object server and memcached. Needs swift-proxy,
# swift-account, swift-container, swift-object and memcached; no root, no /etc/swift.
set -euo pipefail
NAME=swift-s3.sh
[ $# -eq 2 ] || {
  echo "usage: $0 start|stop|status STATE_DIR" >&2
  exit 2
}
COMMAND=$1
# shellcheck source=store_lib.sh
. "$(dirname "$0")/store_lib.sh"
enter "$2"
ACCESS_KEY=test:tester
SERVERS=(account container object memcached proxy proxy-tls)
PYTHON=/usr/bin/python3 # Debian's, which has Debian's swift, whatever else is first in PATH

# Swift reads /etc/swift/swift.conf when it is imported: point it at ours before anything else is loaded.
SERVE='import sys, swift.common.utils as utils
utils.SWIFT_CONF_FILE = sys.argv[1] + "/swift.conf"
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(sys.argv[2], sys.argv[3], verbose=True))'

MAKE_RINGS='import sys
from swift.common.ring import RingBuilder
for name, port in zip(("account", "container", "object"), sys.argv[2:]):
    ring = RingBuilder(6, 1, 0)  # 64 partitions, one replica
    ring.add_dev(dict(region=1, zone=1, ip="127.0.0.1", port=int(port), replication_ip="127.0.0.1",
                      replication_port=int(port), device="d1", weight=1.0, meta=""))
    ring.rebalance()
    ring.get_ring().save("%s/%s.ring.gz" % (sys.argv[1], name))'

stop() { stop_all "${SERVERS[@]}"; }

make_bucket() { s3 -I "$(s3_url)/$BUCKET" || s3 -X PUT "$(s3_url)/$BUCKET"; } # a second PUT is a 409 here

# common PORT: what every server's file begins with.
common() {
  printf '%s\n' "[DEFAULT]" "bind_ip = 127.0.0.1" "bind_port = $1" "workers = 0" "user = $(id -un)" \
    "swift_dir = $DIR" "log_level = WARNING" "log_address = $DIR/nolog" "client_timeout = 30" "max_clients = 512" \
    "fallocate_reserve = 0"
}

write_server_conf() {
  local name=$1 port=$2
  {
    common "$port"
    printf '%s\n' "devices = $DIR/dev" "mount_check = false" "disable_fallocate = true" "[pipeline:main]" \
      "pipeline = $name-server" "[app:$name-server]" "use = egg:swift#$name"
  } >"$DIR/$name.conf"
}

# write_proxy_conf NAME PORT [LINE...]
write_proxy_conf() {
  local name=$1 port=$2 filter
  shift 2
  {
    common "$port"
    printf '%s\n' "$@"
    cat <<CONF
[pipeline:main]
pipeline = catch_errors gatekeeper cache s3api tempauth slo dlo versioned_writes copy symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
storage_domain = $DOMAIN
max_upload_part_num = 10000
max_bucket_listing = 200
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$((PORT + 5))
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = $SECRET_KEY .admin
[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
CONF
    for filter in catch_errors gatekeeper dlo copy symlink; do
      printf '%s\n' "[filter:$filter]" "use = egg:swift#$filter"
    done
  } >"$DIR/$name.conf"
}

make_store() {
  local ports
  begin_afresh
  mkdir -p "$DIR/dev/d1"
  pick_ports 6
  echo "PORT=$PORT" >"$DIR/settings"
  launch "$(dirname "$0")/certificates.sh" "$DIR/tls"
  printf '%s\n' "[swift-hash]" "swift_hash_path_suffix = tests" "[storage-policy:0]" "name = Policy-0" \
    "default = yes" >"$DIR/swift.conf"
  ports=($((PORT + 2)) $((PORT + 3)) $((PORT + 4)))
  write_server_conf account "${ports[0]}"
  write_server_conf container "${ports[1]}"
  write_server_conf object "${ports[2]}"
  write_proxy_conf proxy "$PORT"
  write_proxy_conf proxy-tls "$((PORT + 1))" "cert_file = $DIR/tls/server.pem" "key_file = $DIR/tls/server.key"
  launch "$PYTHON" -W ignore -c "$MAKE_RINGS" "$DIR" "${ports[@]}"
}

start() {
  local name command
  need swift-proxy-server swift-account-server swift-container-server swift-object-server memcached curl openssl \
    setsid flock
  [ -f "$DIR/ready" ] || make_store
  for name in "${SERVERS[@]}"; do
    if pid_of "$name" >/dev/null; then continue; fi
    command=("$PYTHON" -W ignore -c "$SERVE" "$DIR" "$DIR/$name.conf" "${name%-tls}-server")
    if [ "$name" = memcached ]; then
      # The pid file is not used; its name marks the process as ours.
      command=(memcached -l 127.0.0.1 -p $((PORT + 5)) -U 0 -m 64 -u "$(id -un)" -P "$DIR/run/unused")
    fi
    setsid "${command[@]}" </dev/null >>"$DIR/log/$name.log" 2>&1 9>&- &
    echo $! >"$DIR/run/$name.pid"
  done
  until_ok gateway make_bucket
  until_ok "first object" s3 -T "$DIR/settings" "$(s3_url)/$BUCKET/.ready"
  s3 -X DELETE "$(s3_url)/$BUCKET/.ready"
  touch "$DIR/ready"
}

case $COMMAND in
  start)
    start
    print_settings
    ;;
  stop) stop ;;
  status) print_status "${SERVERS[@]}" ;;
  *) die "unknown command '$COMMAND'" ;;
esac
