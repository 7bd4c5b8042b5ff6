#!/usr/bin/env bash
# Ceph's RADOS Gateway on this machine alone: one monitor, three storage daemons that keep two replicas, one gateway.
#
#   ceph-rgw.sh start|stop|status STATE_DIR      start and status print KEY=VALUE lines
#   ceph-rgw.sh kill STATE_DIR mon.a|osd.N|client.rgw      kill -9; start revives
#
# PORT is HTTP, PORT + 1 HTTPS, PORT + 2 the monitor. Needs ceph-mon, ceph-osd, radosgw and ceph-common; no root, no
# ceph-mgr, no cephx. The path of STATE_DIR has to be short.
set -euo pipefail
NAME=ceph-rgw.sh
[ $# -ge 2 ] || {
  echo "usage: $0 start|stop|status|kill STATE_DIR [DAEMON]" >&2
  exit 2
}
COMMAND=$1
# shellcheck source=store_lib.sh
. "$(dirname "$0")/store_lib.sh"
enter "$2"
ACCESS_KEY=TESTACCESSKEY0000001
CONF=$DIR/ceph.conf
OSDS=(osd.0 osd.1 osd.2)
PATH=$PATH:/usr/sbin:/sbin

stop() {
  stop_all client.rgw
  stop_all "${OSDS[@]}"
  stop_all mon.a
}

ceph_() { timeout 30 ceph -c "$CONF" --connect-timeout 10 "$@"; }

write_conf() {
  cat >"$CONF" <<CONF
[global]
fsid = $FSID
mon host = v2:127.0.0.1:$((PORT + 2))
auth supported = none
public addr = 127.0.0.1
cluster addr = 127.0.0.1
pid file = $DIR/run/\$name.pid
admin socket = $DIR/run/\$name.asok
log file = $DIR/log/\$name.log
crash dir = $DIR/crash
osd pool default size = 2
osd pool default min size = 1
osd pool default pg num = 8
osd crush chooseleaf type = 0
osd heartbeat grace = 6
[mon]
mon data = $DIR/mon
mon cluster log file = $DIR/log/cluster.log
paxos propose interval = 0.05   ; with the default of 1 s every pool takes long to create
paxos min wait = 0.01
mon osd min down reporters = 1
mon osd down out interval = 60
mon data avail crit = 1
[osd]
osd data = $DIR/osd\$id
osd objectstore = bluestore
bluestore block size = 4294967296
osd memory target = 939524096
osd heartbeat interval = 2
[client]
ms mon client mode = crc        ; radosgw asks for "secure", which auth "none" cannot give
rgw frontends = beast tcp_nodelay=1 endpoint=127.0.0.1:$PORT ssl_endpoint=127.0.0.1:$((PORT + 1)) ssl_certificate=$DIR/tls/server.pem ssl_private_key=$DIR/tls/server.key
rgw dns name = $DOMAIN
rgw gc obj min wait = 30
rgw gc processor period = 15
debug rgw = 0/0
CONF
}

make_cluster() {
  begin_afresh
  mkdir "$DIR"/{crash,mon}
  pick_ports 3
  FSID=$(cat /proc/sys/kernel/random/uuid)
  printf '%s\n' "PORT=$PORT" "FSID=$FSID" >"$DIR/settings"
  launch "$(dirname "$0")/certificates.sh" "$DIR/tls"
  write_conf
  launch monmaptool --create --fsid "$FSID" --addv a "[v2:127.0.0.1:$((PORT + 2))]" "$DIR/monmap"
  launch ceph-mon --mkfs -i a -c "$CONF" --monmap "$DIR/monmap"
}

# start_osd ID UUID: makes its store on the first start.
start_osd() {
  if pid_of "osd.$1" >/dev/null; then return; fi
  [ -f "$DIR/ready" ] || launch ceph-osd --mkfs -i "$1" -c "$CONF" --osd-uuid "$2" --osd-data "$DIR/osd$1"
  launch ceph-osd -i "$1" -c "$CONF"
}

start() {
  local id uuid starting=()
  need ceph-mon ceph-osd radosgw radosgw-admin monmaptool ceph curl openssl flock
  [ -f "$DIR/ready" ] || make_cluster
  pid_of mon.a >/dev/null || launch ceph-mon -i a -c "$CONF"
  until_ok monitor ceph_ mon stat
  for id in 0 1 2; do
    uuid=$(cat /proc/sys/kernel/random/uuid)
    if [ ! -f "$DIR/ready" ]; then
      mkdir "$DIR/osd$id"
      launch ceph_ osd new "$uuid" "$id"
    fi
    start_osd "$id" "$uuid" &
    starting+=($!)
  done
  for id in "${starting[@]}"; do wait "$id" || die "a storage daemon did not start (logs: $DIR/log)"; done
  [ -f "$DIR/ready" ] || until_ok "S3 user" timeout 60 radosgw-admin -c "$CONF" user create --uid=test \
    --display-name=test --access-key="$ACCESS_KEY" --secret-key="$SECRET_KEY"
  pid_of client.rgw >/dev/null || launch radosgw -n client.rgw -c "$CONF"
  until_ok gateway s3 -X PUT "$(s3_url)/$BUCKET"
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
  status) print_status mon.a "${OSDS[@]}" client.rgw ;;
  kill)
    pid=$(pid_of "${3:?which daemon}") || die "$3 is not running"
    kill -9 "$pid"
    ;;
  *) die "unknown command '$COMMAND'" ;;
esac
