# House rules of one C source or header: what it may include and call, how long it and its functions may be.
# Called by check.sh with all files at once; prints "file:line: message".

BEGIN {
    # Each module may include itself and what is named here (ARCHITECTURE.md, downwards only).
    ground["base"] = ground["lazy"] = ""
    ground["data"] = "base"
    ground["numeric"] = "data base"
    ground["stats"] = "numeric data base"
    ground["result"] = "stats numeric data base"
    ground["figure"] = ground["document"] = "result stats numeric data base"
    ground["op"] = "figure document result stats numeric data base"
    rooms = "trial muscle analysis predict evidence"
    count = split(rooms, name, " ")
    for (i = 1; i <= count; i++) {
        ground[name[i]] = "op " ground["op"]
        room[name[i]] = 1
    }
    ground["store"] = ground["allocator"] = rooms " op " ground["op"]
    ground["server"] = "store allocator " ground["store"]
    ground["cli"] = "server " ground["server"]
    for (m in ground) {
        allowed[m, m] = 1
        count = split(ground[m], name, " ")
        for (i = 1; i <= count; i++) allowed[m, name[i]] = 1
    }
    # Foreign headers that only some modules may know.
    only["microhttpd.h"] = "server cli"
    only["cairo"] = only["librsvg"] = only["pango"] = "figure document"
    only["sqlite3.h"] = only["libpq"] = "store"
    only["lapacke.h"] = only["cblas.h"] = "numeric stats"
    only["Rmath.h"] = "numeric"
    # The same for the tests: not \<, which other awks than GNU's do not know.
    banned = "(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|rand|srand|system|popen|mktemp|tmpnam)"
    impure = "(fopen|open|openat|creat|freopen|fdopen|opendir|remove|unlink|rename|stat|access|lb_file_read|lb_file_write|" \
             "printf|fprintf|vprintf|puts|fputs|putchar|perror|exit|_exit|quick_exit|abort|getenv|setenv|time|clock|" \
             "clock_gettime|gettimeofday|fork|execl|execv|execvp)"
}

function say(line, message) { print FILENAME ":" line ": " message }

# The line without comments, string and character constants; `in_comment` lives across lines.
function bare(line,    out, c, two, i, n, quote) {
    out = ""; quote = ""; n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1); two = substr(line, i, 2)
        if (in_comment) { if (two == "*/") { in_comment = 0; i++ } }
        else if (quote != "") { if (c == "\\") i++; else if (c == quote) { quote = ""; out = out c } }
        else if (two == "/*") { in_comment = 1; i++ }
        else if (two == "//") break
        else if (c == "\"" || c == "'") { quote = c; out = out c }
        else out = out c
    }
    return out
}

function module_of(path,    part, n, i) {
    n = split(path, part, "/")
    for (i = 1; i < n; i++) {
        if (part[i] == "src" && i + 1 < n) return part[i + 1]
        if (part[i] == "include" && part[i + 1] == "lumbar") { sub(/\.h$/, "", part[n]); return part[n] }
    }
    return ""
}

function check_include(line,    target, part, prefix, users, count, i, ok) {
    target = line
    sub(/^[ \t]*#[ \t]*include[ \t]*["<]/, "", target)
    sub(/[">].*/, "", target)
    if (module == "") return
    if (target ~ /(^|\/)\.\.\//) say(FNR, "include \"" target "\": write it from src/, without ..")
    for (prefix in only) {
        if (index(target, prefix) != 1) continue
        ok = 0
        count = split(only[prefix], users, " ")
        for (i = 1; i <= count; i++) if (users[i] == module) ok = 1
        if (!ok) say(FNR, "only " only[prefix] " may include " target)
    }
    if (target ~ /^lumbar\//) { sub(/^lumbar\//, "", target); sub(/\.h$/, "", target) }
    else if (split(target, part, "/") > 1) target = part[1]
    else return
    if ((target in ground) && (module in ground) && !((module, target) in allowed))
        say(FNR, "src/" module " may not include " target ": dependencies run downwards, rooms do not know each other")
}

function finish_file() {
    if (previous != "" && previous_lines > 800)
        print previous ":" previous_lines ": file of " previous_lines " lines; at most 800"
}

FNR == 1 {
    finish_file()
    previous = FILENAME
    in_comment = 0; body = 0
    module = module_of(FILENAME)
    if ($0 !~ /^\/\*/) say(1, "a file opens with a comment saying what it is for")
}

{
    previous_lines = FNR
    if ($0 ~ /^[ \t]*#[ \t]*include[ \t]*["<]/ && !in_comment) check_include($0)
    text = bare($0)
    if (text ~ /^#/) next
    if (match(text, "(^|[^A-Za-z0-9_.>])" banned "[ \t]*\\(") && FILENAME !~ /(^|\/)(bench|tests)\//)
        say(FNR, "banned function: " substr(text, RSTART))
    else if (match(text, "(^|[^A-Za-z0-9_.>])(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof)[ \t]*\\("))
        say(FNR, "banned function: " substr(text, RSTART))
    if ((module in room) && match(text, "(^|[^A-Za-z0-9_.>])" impure "[ \t]*\\("))
        say(FNR, "an operation never opens, prints, exits or asks the machine: " substr(text, RSTART))
    if (FILENAME ~ /\.c$/) {
        if (text ~ /^\{/ || text ~ /^[A-Za-z].*\)[ \t]*\{[ \t]*$/) { if (!body) body = FNR }
        else if (text ~ /^\}/ && body) {
            if (FNR - body + 1 > 80) say(body, "function of " FNR - body + 1 " lines; at most 80")
            body = 0
        }
    }
}

END { finish_file() }
