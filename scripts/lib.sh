# What the scripts share. Sourced, never run.

step() { printf '\033[1m==>\033[0m [%4ds] %s\n' "$SECONDS" "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Runs a command as root, through sudo where we are not.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND "$@"
  else
    fail "installing packages needs root or sudo: run as root, or install these by hand: $*"
  fi
}

# Configures (once) and builds a preset. Further arguments are targets. Ninja prints [done/total] as it goes.
build_preset() {
  local preset=$1
  shift
  step "Building the '$preset' preset in build/$preset"
  cmake --preset "$preset" ${DUCKDB_ROOT:+-DDUCKDB_ROOT="$DUCKDB_ROOT"} >"build-$preset.log" 2>&1 ||
    { cat "build-$preset.log" >&2; rm -f "build-$preset.log"; fail "cmake could not configure the '$preset' preset"; }
  rm -f "build-$preset.log"
  if (($#)); then cmake --build --preset "$preset" --target "$@"; else cmake --build --preset "$preset"; fi
}
