#!/bin/sh
# Runs the fuzzer on targets: run.sh FUZZER FOLDER TARGET…. Prints a line for each, and fails where one found something.
set -u
fuzzer=$1
folder=$2
shift 2
status=0
total=0
printf '%-10s %10s %8s %8s %8s  %s\n' target inputs edges features seconds result
for target; do
  mkdir -p "$folder/$target/corpus"
  runs=$RUNS
  if [ "$target" = server ]; then runs=$SERVER_RUNS; fi
  log=$folder/$target/log
  SWIFTLET_FUZZ=$target "$fuzzer" -runs="$runs" -seed="${SEED:-1}" -max_len=8192 -timeout=20 -rss_limit_mb=4096 \
    -artifact_prefix="$folder/$target/" -print_final_stats=1 "$folder/$target/corpus" "Tests/Fuzz/$target" </dev/null >"$log" 2>&1
  result=$?
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -1)
  features=$(sed -n 's/.* ft: \([0-9]*\).*/\1/p' "$log" | tail -1)
  seconds=$(sed -n 's/^Done .* runs in \([0-9]*\) second.*/\1/p' "$log")
  total=$((total + ${inputs:-0}))
  if [ "$result" = 0 ]; then text='no finding'; else text="broken: see $log"; status=1; fi
  printf '%-10s %10s %8s %8s %8s  %s\n' "$target" "${inputs:-?}" "${edges:-?}" "${features:-?}" "${seconds:-?}" "$text"
done
echo "$total inputs in all"
exit "$status"
