#!/usr/bin/env bash
# Takes the safeguards of the ledger's protocol out, one at a time, and demands that the tests see
# it: each patch in tests/ledger/mutants is applied to a copy of the tree, and `ledger` must fail
# there by an assertion of its own.
#
#   tests/ledger/mutants.sh [NAME…]     by default every patch; a name is a file's, without .patch
#
# The copy lies and is built in the folder mutants of CARGO_TARGET_DIR (default: target); what each
# mutant printed is kept in the folder MUTANTS_LOG, if that is set. Ends with 1 when a mutant
# survives, does not compile, or its patch no longer applies.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Never where the tree itself is built: cargo tells the two apart by times alone, and would take a
# mutant for the real thing afterwards.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/mutants
seconds_max=900

work=$(mktemp -d)
pid=
finish() {
  local code=$?
  trap - EXIT
  [[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true
  rm -rf "$work" "${tree:-$work}"
  exit "$code"
}
trap finish EXIT

# Always at the same place, so that cargo does not keep a build for each run.
tree=$CARGO_TARGET_DIR/tree-of-mutants
rm -rf "$tree"
mkdir -p "$tree"
(cd "$root" && git ls-files -coz --exclude-standard | while IFS= read -r -d '' file; do
  if [[ -e $file ]]; then printf '%s\0' "$file"; fi
done | tar -c --null -T - -f -) | tar -x -m -C "$tree"

names=("$@")
if ((${#names[@]} == 0)); then
  for patch in "$root"/tests/ledger/mutants/*.patch; do
    names+=("$(basename "$patch" .patch)")
  done
fi

# build: compiles the tests of the copy and sets `binary`.
build() {
  (cd "$tree" && cargo test --test ledger --no-run) >"$work/build.log" 2>&1 || return 1
  binary=$(sed -nE 's/^ *Executable .*\((.*)\)$/\1/p' "$work/build.log")
  [[ $binary == /* ]] || binary=$tree/$binary
  [[ -x $binary ]]
}

assertion="^thread '(search|simulation)::[^']*' .*panicked at tests/ledger/"

# hunt: runs the tests until the first assertion fails; sets `found` to who saw it, and where.
hunt() {
  local end=$((SECONDS + seconds_max))
  found=
  # The log of the mutant before must not be taken for this one's.
  : >"$work/run.log"
  (cd "$tree" && exec "$binary" --nocapture) >>"$work/run.log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null && ((SECONDS < end)); do
    if grep -qE "$assertion" "$work/run.log"; then break; fi
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  pid=
  found=$(sed -nE "s/^thread '((search|simulation)::[^']*)' .*panicked at tests\/ledger\/.*/\1/p" \
    "$work/run.log" | head -n 1)
  [[ -n $found ]]
}

failed=0
printf '%-28s %-60s %s\n' mutant 'found by' seconds
for name in "${names[@]}"; do
  # The same bytes are taken back afterwards, whatever happens to the file meanwhile.
  patch=$work/mutant.patch
  cp "$root/tests/ledger/mutants/$name.patch" "$patch"
  began=$SECONDS
  : >"$work/run.log"
  if ! patch -d "$tree" -p1 --fuzz=0 --dry-run <"$patch" >"$work/patch.log" 2>&1; then
    said='NO LONGER APPLIES'
  else
    patch -d "$tree" -p1 --fuzz=0 --no-backup-if-mismatch <"$patch" >/dev/null
    if ! build; then
      said='DOES NOT COMPILE'
      tail -n 30 "$work/build.log" >&2
    elif hunt; then
      said=$found
    else
      said='SURVIVED'
      tail -n 15 "$work/run.log" >&2
    fi
    patch -d "$tree" -p1 --fuzz=0 -R --no-backup-if-mismatch <"$patch" >/dev/null
  fi
  [[ $said == search::* || $said == simulation::* ]] || failed=1
  printf '%-28s %-60s %d\n' "$name" "$said" $((SECONDS - began))
  [[ -z ${MUTANTS_LOG:-} ]] || cp "$work/run.log" "$MUTANTS_LOG/$name.log" 2>/dev/null || true
done
exit "$failed"
