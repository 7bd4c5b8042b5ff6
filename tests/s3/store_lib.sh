# shellcheck shell=bash
# What the start scripts of the real stores share. Sourced by them, after they have set NAME (for messages).
#
# A store lives in one state directory: settings/ports of its first start, logs, pid files, data. Everything listens
# on loopback only and runs as whoever starts it. `start` may be called again and revives what has died.

die() {
  echo "$NAME: $*" >&2
  exit 1
}

# enter STATE_DIR: makes DIR its absolute path and lets one script at a time work on it.
enter() {
  [ "$COMMAND" != start ] || mkdir -p "$1"
  DIR=$(cd "$1" 2>/dev/null && pwd) || {
    [ "$COMMAND" = stop ] && exit 0
    die "no such state directory: $1"
  }
  # A path of a unix socket has 107 bytes.
  [ ${#DIR} -lt 85 ] || die "the state directory's path is too long for unix sockets: $DIR"
  exec 9>"$DIR/.lock"
  flock 9
  DEADLINE=$((SECONDS + 120))
  ACCESS_KEY='' SECRET_KEY=testsecretkey00000000000000000000000000a BUCKET=tidemark DOMAIN=s3.localhost
  # shellcheck source=/dev/null
  if [ -f "$DIR/settings" ]; then . "$DIR/settings"; fi
}

need() {
  local tool
  for tool; do command -v "$tool" >/dev/null || die "$tool is not installed; tests/setup.sh installs it"; done
}

# pick_ports N: sets PORT to the first of N neighbouring free ports, below those that the kernel gives away.
pick_ports() {
  local port
  for _ in $(seq 200); do
    PORT=$((20000 + RANDOM % 12000))
    for ((port = PORT; port < PORT + $1; port++)); do
      if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue 2; fi
    done
    return
  done
  die "no $1 neighbouring ports are free"
}

# begin_afresh: nothing is left of a first start that failed.
begin_afresh() {
  [ -f "$DIR/settings" ] || [ -z "$(find "$DIR" -mindepth 1 ! -name .lock -print -quit)" ] ||
    die "$DIR is not empty and not ours"
  stop
  find "$DIR" -mindepth 1 ! -name .lock -delete
  mkdir "$DIR"/{run,log,tls}
}

# is_ours PID: a process whose command line names this state directory, so not one that got an old pid.
is_ours() { tr '\0' '\n' 2>/dev/null <"/proc/${1:-0}/cmdline" | grep -qF -- "$DIR/"; }

# pid_of NAME: prints the pid of a daemon that runs.
pid_of() {
  local pid
  pid=$(tr -cd 0-9 2>/dev/null <"$DIR/run/$1.pid") && is_ours "$pid" && echo "$pid"
}

# stop_all NAME...: TERM to all of them, KILL to what is left after 15 s.
stop_all() {
  local name pid i pids=()
  for name; do
    if pid=$(pid_of "$name"); then
      pids+=("$pid")
      kill "$pid" 2>/dev/null || true
    fi
  done
  for pid in "${pids[@]}"; do
    for ((i = 0; i < 150; i++)); do
      is_ours "$pid" || break
      sleep 0.1
    done
    if is_ours "$pid"; then kill -9 "$pid" 2>/dev/null || true; fi
  done
  for name; do rm -f "$DIR/run/$name.pid"; done
}

# until_ok WHAT COMMAND...: repeats it until it succeeds or the time for a start is over.
until_ok() {
  local what=$1
  shift
  until "$@" >/dev/null 2>"$DIR/log/last.err" 9>&-; do
    ((SECONDS < DEADLINE)) || die "gave up waiting for the $what: $(tail -n 1 "$DIR/log/last.err") (logs: $DIR/log)"
    sleep 0.1
  done
}

# launch COMMAND...: its output goes to the log, its failure ends the script. Daemons do not inherit the lock.
launch() { "$@" >>"$DIR/log/start.log" 2>&1 9>&- || die "failed: $* (see $DIR/log/start.log)"; }

# s3 CURL_ARGUMENTS...: one signed request; the user stands in the url, where an access key may hold a colon.
s3_url() { echo "http://${ACCESS_KEY/:/%3A}:$SECRET_KEY@127.0.0.1:$PORT"; }
s3() {
  curl -fsS --max-time 20 -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" --aws-sigv4 aws:amz:us-east-1:s3 "$@"
}

print_settings() {
  printf '%s\n' "S3_ENDPOINT=http://127.0.0.1:$PORT" "S3_ENDPOINT_TLS=https://127.0.0.1:$((PORT + 1))" \
    "S3_CA_FILE=$DIR/tls/ca.pem" "S3_REGION=us-east-1" "S3_BUCKET=$BUCKET" \
    "AWS_ACCESS_KEY_ID=$ACCESS_KEY" "AWS_SECRET_ACCESS_KEY=$SECRET_KEY"
}

# print_status NAME...: false if one of them is down.
print_status() {
  local name pid all=0
  for name; do
    if pid=$(pid_of "$name"); then
      echo "# $name pid $pid"
    else
      echo "# $name is down"
      all=1
    fi
  done
  print_settings
  return $all
}
