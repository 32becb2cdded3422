# The expected values of analyse reference and analyse tipping on visits48.csv: nlme::gls for the mixed model, everything else from the
# definitions, the jackknife by refitting. Run from the root of the repository.
library(nlme)
put <- function(k, v) cat(k, paste(sprintf("%.12g", v), collapse = " "), "\n")
V <- c("W6", "M3", "M6", "M12"); d <- read.csv("reference/analysis/visits48.csv"); d$visit <- factor(d$visit, V); d$t <- as.integer(d$visit); d$arm <- factor(d$arm)
b <- unique(d[c("id", "arm", "odi_0")]); b <- b[order(b$id), ]; Y <- t(sapply(b$id, function(i) { y <- rep(NA, 4); e <- d[d$id == i, ]; y[e$t] <- e$odi; y }))
cat(nrow(b), sum(is.na(Y[, 4])), levels(d$arm), "\n")
X <- function(arm, odi_0) model.matrix(~ odi_0 + arm * visit, data.frame(odi_0 = odi_0, arm = factor(arm, levels(d$arm)), visit = factor(V, V)))
fit <- function(d) gls(odi ~ odi_0 + arm * visit, d[!is.na(d$odi), ], correlation = corSymm(form = ~ t | id), weights = varIdent(form = ~ 1 | visit), method = "REML",
                      control = glsControl(tolerance = 1e-12, msTol = 1e-14, msMaxIter = 500, maxIter = 500, opt = "nlminb"))
sigma <- function(m) { C <- diag(4); r <- coef(m$modelStruct$corStruct, unconstrained = FALSE); C[lower.tri(C)] <- r; C[upper.tri(C)] <- t(C)[upper.tri(C)]
  w <- coef(m$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)[V]; s <- m$sigma * w; C * (s %o% s) }
impute <- function(m, keep, strategy) { B <- coef(m); S <- sigma(m); sapply(which(keep), function(i) { y <- Y[i, ]; if (!is.na(y[4])) return(y[4]); o <- which(!is.na(y)); ice <- max(0, o) + 1
  mu <- drop(X(b$arm[i], b$odi_0[i]) %*% B); ref <- drop(X(levels(d$arm)[1], b$odi_0[i]) %*% B); after <- ice:4
  if (strategy == "j2r") mu[after] <- ref[after]; if (strategy == "cr") mu <- ref; if (strategy == "cir") mu[after] <- if (ice == 1) ref else mu[ice - 1] + ref[after] - ref[ice - 1]
  if (!length(o)) return(mu[4]); mu[4] + drop(S[4, o] %*% solve(S[o, o, drop = FALSE], y[o] - mu[o])) }) }
one <- function(keep) { m <- fit(d[d$id %in% b$id[keep], ]); e <- b[keep, ]; a <- function(z) coef(lm(z ~ e$arm + e$odi_0))[[2]]
  late <- e$arm != levels(d$arm)[1] & is.na(Y[keep, 4]); z <- sapply(c("mar", "j2r", "cir", "cr"), function(s) impute(m, keep, s)); c(apply(z, 2, a), a(z[, 1] + 10 * late)) }
all <- one(rep(TRUE, nrow(b))); put("estimate", all)
J <- t(sapply(seq_len(nrow(b)), function(i) one(seq_len(nrow(b)) != i))); n <- nrow(b); put("se", sqrt((n - 1) / n * colSums(sweep(J, 2, colMeans(J))^2)))
