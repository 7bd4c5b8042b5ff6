#!/bin/sh
# Installs what Tidemark needs from Debian 12, and does nothing when all of it is there.
#
#   tests/setup.sh [build|postgres|package|test|coverage|azurite]
#
#   build      compiler and libraries
#   postgres   those and what host-postgres is built with and runs in
#   package    those and what cmake/package.sh makes Debian's packages with
#   test       those and the tests' tools; the default
#   coverage   those and what tests/coverage.sh needs
#   azurite    Microsoft's emulator of Azure's stores, from npm, of a fixed version; nothing else. It goes to
#              $TIDEMARK_CACHE, or ~/.cache/tidemark; tests that want it are skipped without it
#
# Packages come from the machine's own apt sources and need root or sudo. Nothing is started: the tests start what
# they need themselves, so the services of what this installs (Ceph, Swift, prometheus, PostgreSQL) are neither started nor enabled.
set -eu

build_packages="ca-certificates cmake g++ ninja-build pkg-config ccache
  libssl-dev libspdlog-dev libboost-dev libexpected-dev
  libcurl4-openssl-dev libpugixml-dev libisal-dev libzstd-dev rapidjson-dev
  prometheus-cpp-dev libmicrohttpd-dev libcli11-dev nlohmann-json3-dev libtomlplusplus-dev"
postgres_packages="postgresql-15 postgresql-server-dev-15"
package_packages="$postgres_packages debhelper dpkg-dev libgtest-dev"
package_test_packages="lintian mmdebstrap systemd strace golang-go"
test_packages="$package_packages $package_test_packages age binutils python3 python3-html5lib zlib1g-dev libarchive-dev libgtest-dev libgmock-dev libbenchmark-dev
  rclone clang clang-format clang-tidy libclang-rt-14-dev prometheus
  mandoc zsh fish curl python3-jsonschema python3-yaml openssl zstd python3-zstandard libarchive-tools
  awscli ceph-mon ceph-osd radosgw ceph-common swift-proxy swift-account swift-container swift-object memcached"
coverage_packages="lcov"

die() {
  echo "setup.sh: $*" >&2
  exit 1
}

# Of a fixed version, which runs on Debian's nodejs too; npm runs none of the scripts that it fetches.
if [ "${1:-test}" = azurite ]; then
  command -v npm >/dev/null || die "there is no npm; install nodejs and npm"
  version=3.35.0
  place="${TIDEMARK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidemark}/azurite-$version"
  [ ! -x "$place/node_modules/.bin/azurite-blob" ] || exit 0
  rm -rf "$place.new"
  mkdir -p "$place.new"
  npm install --prefix "$place.new" --ignore-scripts --no-audit --no-fund --no-save "azurite@$version" ||
    die "npm could not install azurite@$version"
  rm -rf "$place"
  mv "$place.new" "$place"
  exit 0
fi

case "${1:-test}" in
  build) wanted="$build_packages" ;;
  postgres) wanted="$build_packages $postgres_packages" ;;
  package) wanted="$build_packages $package_packages" ;;
  test) wanted="$build_packages $test_packages" ;;
  coverage) wanted="$build_packages $test_packages $coverage_packages" ;;
  *) die "unknown set '$1'; use build, postgres, package, test, coverage or azurite" ;;
esac

command -v apt-get >/dev/null || die "this is not a Debian system (no apt-get); install the equivalents of these
Debian 12 packages yourself: $wanted"

installed=" $(dpkg-query -W -f='${db:Status-Abbrev}${binary:Package}\n' 2>/dev/null |
  sed -n 's/^.i \([^:]*\).*/\1/p' | tr '\n' ' ') "
missing=""
for package in $wanted; do
  case "$installed" in
    *" $package "*) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=""
elif command -v sudo >/dev/null; then
  as_root="sudo"
else
  die "neither root nor sudo; ask the administrator for: apt-get install --no-install-recommends$missing"
fi

# While this runs, packages may not start services (the Debian way to say so), unless the machine has a
# policy of its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '$as_root rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi

# Nor is a cluster made for the machine.
clusters=/etc/postgresql-common/createcluster.d
case "$missing" in
  *postgresql-15*)
    $as_root mkdir -p "$clusters"
    [ -e "$clusters/tidemark.conf" ] || echo "create_main_cluster = false" | $as_root tee "$clusters/tidemark.conf" >/dev/null
    ;;
esac

services() {
  for file in /etc/init.d/* /lib/systemd/system/*.service /lib/systemd/system/*.target; do
    case "${file##*/}" in
      *@*) ;;
      ceph* | radosgw* | swift-* | memcached* | prometheus* | postgresql*) [ ! -e "$file" ] || echo "${file##*/}" ;;
    esac
  done
}
services_before=" $(services | tr '\n' ' ') "

echo "setup.sh: installing$missing"
$as_root apt-get update -qq || die "apt-get update failed; check the network and /etc/apt"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 --no-install-recommends $missing ||
  die "apt-get could not install:$missing"

disable() {
  case "$1" in
    *.*) ! systemctl -q is-enabled "$1" 2>/dev/null || $as_root systemctl -q disable "$1" ;;
    *) $as_root update-rc.d "$1" disable ;;
  esac
}
for service in $(services); do
  case "$services_before" in
    *" $service "*) ;;
    *) disable "$service" || echo "setup.sh: could not disable $service" >&2 ;;
  esac
done
