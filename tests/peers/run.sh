#!/usr/bin/env bash
# Draws data of many kinds and compares Lumbar with R's own packages, field by field: tests/peers/run.sh PROGRAM; called by ./dev soak peers.
# The reference files of the tests are a few fixed data sets; here the data are other ones each time a seed is changed.
set -uo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")" || exit 2
status=0
for script in survival meta models prediction trial; do
    LUMBAR_BIN=$program Rscript --vanilla "$script.R" || status=1
done
exit $status
