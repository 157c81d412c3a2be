# What ./demo, ./check and .ci/run share: plain words on the terminal, and what a machine must have.
# shellcheck shell=bash

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
fail() { printf '\nStopped: %s\n' "$*" >&2; exit 1; }

# as_root CMD...: run it as root, by sudo where we are not.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "this needs root to run: $* — install sudo or run as root"
  fi
}

# debian_packages NAME...: install those that are missing; asks for root only then.
debian_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || fail "these Debian packages are missing, and there is no apt-get: ${missing[*]}"
  say "installing ${missing[*]}"
  # A server may be busy for a moment, and so may the lock.
  local patient=(-o Acquire::Retries=3 -o DPkg::Lock::Timeout=120)
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "${patient[@]}" update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "${patient[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# rust: a Rust that can build this workspace, or plain words on what to do.
rust() {
  [ -x "$HOME/.cargo/bin/cargo" ] && PATH="$HOME/.cargo/bin:$PATH"
  command -v cargo >/dev/null || fail "no cargo found. Install Rust (https://rustup.rs), then run this again."
  local want have
  want=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  have=$(rustc --version | awk '{print $2}')
  [ "$(printf '%s\n%s\n' "$want" "${have%%-*}" | sort -V | head -n 1)" = "$want" ] ||
    fail "Rust $have is too old: $want or newer is needed. Run: rustup update"
}
