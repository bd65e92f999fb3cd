# SPDX-License-Identifier: MIT
#
# count.awk - lines of cases.txt in one: how many passed, how near the worst of
# them came to what is allowed, which failed first.

$1 == "ok" {
    passed++
    if ($2 + 0 > worst) worst = $2 + 0
    next
}
$1 == "skipped" {
    skipped++
    next
}
{
    failed++
    if (first == "") first = $4 ": " ($1 == "hung" ? "hung: " : "") $5
}
END {
    printf "%d passed, %d failed", passed, failed
    if (skipped) printf ", %d skipped", skipped
    if (worst > 0) printf ", at most %.2f of what is allowed", worst
    if (first != "") printf "; first %s", substr(first, 1, 240)
}
