# blocks24.csv and the expected values of analyse rerandomise: all allocations, each fitted with lm. Run from the root of the repository.
set.seed(24)
k <- c(4, 4, 4, 4, 4, 4)
d <- data.frame(id = sprintf("P%02d", 1:24), sex = rep(c("F", "M"), each = 12), block = rep(rep(1:3, each = 4), 2))
d$arm <- unlist(lapply(k, function(n) sample(rep(c("CONTROL", "EXERCISE"), n / 2))))
d$odi_0 <- 2 * round(rnorm(24, 20, 4)); d$odi_12m <- round(0.6 * d$odi_0 + 8 - 6 * (d$arm == "EXERCISE") + rnorm(24, 0, 7))
write.csv(d, "reference/analysis/blocks24.csv", row.names = FALSE, quote = FALSE)
cells <- split(1:24, list(d$sex, d$block)); ways <- lapply(cells, function(i) combn(i, 2)) # two of four are treated
grid <- as.matrix(expand.grid(lapply(ways, function(w) seq_len(ncol(w)))))
X <- cbind(1, d$odi_0)
slope <- function(z, X) { f <- lm.fit(cbind(X, z), d$odi_12m); f$coefficients[ncol(X) + 1] }
all <- function(X) apply(grid, 1, function(g) { z <- numeric(24); for (c in seq_along(ways)) z[ways[[c]][, g[c]]] <- 1; slope(z, X) })
show <- function(X) { o <- slope(1 * (d$arm == "EXERCISE"), X); s <- all(X)
  cat(nrow(grid), sprintf("%.17g", o), sum(abs(s) >= abs(o) - 1e-9), sum(s <= o + 1e-9), sum(s >= o - 1e-9), "\n") }
show(X[, 1, drop = FALSE]); show(X)
