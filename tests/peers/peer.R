suppressMessages(library(jsonlite))
# What the comparisons share: run an operation, read its JSON, compare with a relative tolerance, count.
program <- Sys.getenv("LUMBAR_BIN", "lumbar")
said <- tempfile()
bad <- 0; good <- 0; shown <- 0

`%||%` <- function(a, b) if (is.null(a)) b else a
fq <- function(s) shQuote(s)
put <- function(d) { f <- tempfile(fileext = ".csv"); write.csv(d, f, row.names = FALSE, na = ""); f }
lum <- function(op, file, ...) {
  cmd <- paste(program, op, if (length(file)) paste("--data", file), ..., "--json 2>", said)
  out <- suppressWarnings(system(cmd, intern = TRUE))
  if (length(out) == 0) { cat("NO ANSWER:", cmd, "\n", readLines(said), "\n"); bad <<- bad + 1; return(list(results = list())) }
  fromJSON(paste(out, collapse = "\n"), simplifyVector = FALSE)
}
nn <- function(x) if (is.null(x)) NA_real_ else as.numeric(x)
nul <- function(l) lapply(l, function(x) if (is.null(x)) NA_real_ else x)
col <- function(rows, k) sapply(rows, function(r) nn(r[[k]]))
same <- function(what, ours, theirs, tol = 1e-8, abs = 1e-10) {
  ours <- as.numeric(ours); theirs <- as.numeric(theirs)
  if (length(ours) != length(theirs)) { bad <<- bad + 1; cat("LENGTH", what, length(ours), length(theirs), "\n"); return(invisible()) }
  na <- is.na(ours) != is.na(theirs)
  e <- abs(ours - theirs) / pmax(abs(theirs), abs / tol)
  if (any(na) || any(e > tol, na.rm = TRUE)) { bad <<- bad + 1; if ((shown <<- shown + 1) <= 40) { i <- which(na | e > tol)[1]; cat("DIFF", what, "ours", format(ours[i], digits = 12), "theirs", format(theirs[i], digits = 12), "of", sum(na | e > tol, na.rm = TRUE), "/", length(ours), "\n") } } else good <<- good + 1
}
done <- function() { cat(good, "agree,", bad, "differ\n"); quit(status = if (bad > 0 || good == 0) 1 else 0) }
