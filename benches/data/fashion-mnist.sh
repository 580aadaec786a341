#!/usr/bin/env bash
# Makes Fashion-MNIST ready for `lumos bench ann`: 60,000 x 784 base vectors, the first 1,000 test images
# as queries, their exact 100 nearest neighbours by Euclidean distance. The images come from the Debian
# package dataset-fashion-mnist (apt-get download, nothing is installed).
#
#   benches/data/fashion-mnist.sh DIR
#   lumos bench ann --base DIR/base.fvecs --query DIR/query.fvecs --truth DIR/truth.ivecs --metric l2
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
lumos() { cargo run --quiet --release --locked --package lumos-cli -- "$@"; }

images=usr/share/datasets/fashion-mnist
if [ ! -d "$out/$images" ]; then
    (cd "$out" && apt-get download dataset-fashion-mnist && dpkg-deb -x dataset-fashion-mnist_*.deb .)
fi
gunzip -c "$out/$images/train-images-idx3-ubyte.gz" | lumos bench convert - "$out/base.fvecs"
gunzip -c "$out/$images/t10k-images-idx3-ubyte.gz" | lumos bench convert - "$out/query.fvecs" --rows 1000
lumos bench truth --metric l2 -k 100 \
    --base "$out/base.fvecs" --query "$out/query.fvecs" --out "$out/truth.ivecs"
