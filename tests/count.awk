# Sums the single cases of a test run: ctest's LastTest.log (cmocka and the command tables speak TAP, the others end
# with "N passed, N failed"), and further logs of that kind. Prints the one closing line; fails when a case failed.
FNR == 1 { section = (FILENAME ~ /LastTest\.log$/) ? "" : "log" }
/^[0-9]+\/[0-9]+ Testing: / { section = $3; good = bad = gone = 0 }
section == "" { next }
/^ok [0-9]+/ && /# SKIP/ { gone++; next }
/^not ok [0-9]+/ && /# SKIP/ { gone++; next }
/^ok [0-9]+/ { good++; next }
/^not ok [0-9]+/ { bad++; next }
/^[0-9]+ passed, [0-9]+ failed/ { good += $1; bad += $3; gone += $5; next }
section != "log" && /^Test (Passed|Failed|Timeout|Not Run|Skipped)|^\*\*\*|^Unable to find executable/ { if (section != "") close_section($0) }
function close_section(verdict) {
    if (verdict ~ /^Test Passed/ && good + bad + gone == 0) good = 1
    if (verdict ~ /^Test Skipped/ && good + bad + gone == 0) gone = 1
    if (verdict !~ /^Test (Passed|Skipped)/ && bad == 0) { bad = 1; print "broken off: " section }
    passed += good; failed += bad; skipped += gone
    section = ""; good = bad = gone = 0
}
END {
    passed += good; failed += bad; skipped += gone
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0 || passed == 0
}
