#!/usr/bin/env bash
# Runs every fuzz target for so many seconds (default 60): fuzz/run.sh [SECONDS] [TARGET...]
# Needs a nightly toolchain and cargo-fuzz 0.13. New inputs stay out of the corpus that is kept in the
# repository; those that fail are in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(sed -n 's/^name = "\(.*_.*\)"$/\1/p' Cargo.toml)
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

for target in "${targets[@]}"; do
    mkdir -p "$found/$target"
    echo "== $target, $seconds s"
    cargo +nightly fuzz run "$target" "$found/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 2>&1 |
        tee "$found/log" | grep -E '^(stat::number_of_executed_units|stat::peak_rss_mb|SUMMARY|.*panicked)' || true
    grep -q '^stat::number_of_executed_units' "$found/log" || { cat "$found/log"; exit 1; }
    ! grep -q '^SUMMARY' "$found/log" || exit 1
done
