#!/bin/sh
# Makes the Debian 12 packages of Tidemark: tidemark, a tidemark-* for each cloud, tidemark-dev, tidemark-host-sim and
# postgresql-15-tidemark.
#
#   cmake/package.sh [--out DIR] [--from BUILD_DIR] [--revision TEXT]
#
#   --out        where they go; default build-package/packages
#   --from       packages what is built there already; without it an optimised build is made in build-package/
#   --revision   what stands after the version; default 1
#
# tests/setup.sh package installs what it needs. DEBFULLNAME and DEBEMAIL say who makes them, as everywhere in Debian.
# Only in its own directories is anything written; root is not needed.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
here=$root/cmake/debian
start=$(pwd)

die() { echo "package.sh: $*" >&2; exit 1; }

out='' from='' revision=1
while [ $# -gt 0 ]; do
  case $1 in
    --out | --from | --revision)
      [ $# -ge 2 ] || { echo "package.sh: $1 needs a value" >&2; exit 2; }
      case $1 in --out) out=$2 ;; --from) from=$2 ;; *) revision=$2 ;; esac
      shift
      ;;
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "package.sh: unknown argument '$1'" >&2; exit 2 ;;
  esac
  shift
done
case $revision in
  '' | *[!A-Za-z0-9.+~]*) echo "package.sh: a revision is made of letters, digits, '.', '+' and '~', not '$revision'" >&2; exit 2 ;;
esac
case $out in '') out=$root/build-package/packages ;; /*) ;; *) out=$start/$out ;; esac
case $from in '' | /*) ;; *) from=$start/$from ;; esac
for tool in cmake dh_builddeb dpkg-buildflags pg_config; do
  command -v "$tool" >/dev/null || die "there is no $tool: run tests/setup.sh package"
done
version=$(sed -n 's/^project(tidemark VERSION \([0-9.]*\) .*/\1/p' "$root/CMakeLists.txt")
[ -n "$version" ] || die "CMakeLists.txt does not say a version"
: "${SOURCE_DATE_EPOCH:=$(git -C "$root" -c safe.directory='*' log -1 --format=%ct 2>/dev/null || date +%s)}"
export SOURCE_DATE_EPOCH
export DEB_BUILD_MAINT_OPTIONS=hardening=+all
maintainer="${DEBFULLNAME:-Tidemark maintainers} <${DEBEMAIL:-maintainers@tidemark.invalid}>"

build() {
  cd "$root"
  eval "$(dpkg-buildflags --export=sh)"
  export CXXFLAGS="$CXXFLAGS -DNDEBUG" CFLAGS="$CFLAGS -DNDEBUG"
  launcher=''
  if command -v ccache >/dev/null; then launcher=ccache; fi
  cmake -S . -B "$from" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib \
    -DTIDEMARK_CONFORMANCE=ON -DCMAKE_C_COMPILER_LAUNCHER="$launcher" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher"
  cmake --build "$from"
}
if [ -z "$from" ]; then
  from=$root/build-package
  build
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$work/debian"
cp "$here"/* "$work/debian/"
cd "$work"
sed "s|@MAINTAINER@|$maintainer|" debian/control.in >debian/control
rm debian/control.in
cat >debian/changelog <<CHANGELOG
tidemark ($version-$revision) bookworm; urgency=medium

  * Packaged from the source tree.

 -- $maintainer  $(LC_ALL=C date -R -u -d "@$SOURCE_DATE_EPOCH")
CHANGELOG

put() { # PACKAGE COMPONENT...: what these components install
  package=$1
  shift
  for component; do
    DESTDIR=$work/debian/$package cmake --install "$from" --prefix /usr --component "$component" >"$work/install.log" ||
      die "component $component is not built in $from: $(tail -n 3 "$work/install.log")"
  done
  [ -d "debian/$package/usr" ] || die "$from has nothing for $package; is all of tests/setup.sh package installed?"
}
put tidemark runtime tools
put tidemark-s3 s3
put tidemark-azblob azblob
put tidemark-gs gs
put tidemark-dev dev
put tidemark-host-sim host-sim
put postgresql-15-tidemark postgres
[ -x debian/tidemark-dev/usr/bin/sink_conformance ] || die "$from lacks sink_conformance: configure with TIDEMARK_CONFORMANCE=ON"

# In Debian 12 units lie below /lib, and examples beside the documents.
mkdir debian/tidemark/lib
mv debian/tidemark/usr/lib/systemd debian/tidemark/lib/
mkdir -p debian/tidemark-dev/usr/share/doc/tidemark-dev
mv debian/tidemark-dev/usr/share/tidemark/examples debian/tidemark-dev/usr/share/doc/tidemark-dev/
rmdir debian/tidemark-dev/usr/share/tidemark
# So that archive_library = 'tidemark_archive' is enough, and the module finds the archiver.
modules=debian/postgresql-15-tidemark/usr/lib/postgresql/15/lib
mkdir -p "$modules"
ln -s ../../../tidemark/tidemark_archive.so "$modules/tidemark_archive.so"
ln -s ../../../tidemark "$modules/tidemark"

for package in $(sed -n 's/^Package: //p' debian/control); do # these are no uploads to Debian, which would close a bug
  echo "$package: initial-upload-closes-no-bugs" >>"debian/$package.lintian-overrides"
done
for document in README.md SECURITY.md cli/OPERATIONS.md plugin/FAILURES.md plugin/OPTIONS.md; do
  [ ! -f "$root/$document" ] || dh_installdocs -ptidemark "$root/$document"
done
dh_installdocs -ppostgresql-15-tidemark "$root/host-postgres/README.md"
dh_installdocs --remaining-packages
if [ -f "$root/CHANGELOG.md" ]; then dh_installchangelogs "$root/CHANGELOG.md"; else dh_installchangelogs; fi
dh_installsystemd
dh_lintian
dh_compress
dh_fixperms
dh_strip
dh_shlibdeps >"$work/shlibdeps.log" 2>&1 || { cat "$work/shlibdeps.log" >&2; exit 1; }
dh_installdeb
dh_gencontrol
dh_md5sums
mkdir -p "$out"
dh_builddeb --destdir="$out"
