# Penalised and logistic regression, discrimination, calibration and net benefit beside glmnet, glm and loess, sample sizes beside R's
# power functions, nested effects beside metafor's rma.mv, on drawn data.
suppressMessages({library(glmnet); library(metafor)})
source("peer.R")

# DeLong's AUC and variance by their definition: placements of each case among the controls and the other way round.
delong <- function(score, y) {
  a <- outer(score[y == 1], score[y == 0], function(u, v) (u > v) + (u == v) / 2)
  c(auc = mean(a), var = var(rowMeans(a)) / nrow(a) + var(colMeans(a)) / ncol(a))
}

for (seed in 1:8) {
  set.seed(seed); n <- c(40, 80, 150, 300)[1 + seed %% 4]; p <- c(3, 12, 60)[1 + seed %% 3]
  x <- matrix(round(rnorm(n * p), 3), n, dimnames = list(NULL, paste0("x", 1:p))); if (p > 5) x[, 4] <- x[, 3] + round(rnorm(n, 0, .1), 3)
  eta <- x[, 1] - .7 * x[, 2]
  d <- data.frame(y = round(eta + rnorm(n), 3), e = as.integer(eta + rlogis(n) > 0), x); f <- put(d)
  for (family in c("gaussian", "binomial")) for (alpha in c(1, .4)) {
    out <- if (family == "gaussian") d$y else d$e
    top <- max(abs(crossprod(scale(x) * sqrt(n / (n - 1)), out - mean(out)))) / n / alpha
    lambda <- signif(top * c(.8, .3, .1, .03), 6)
    m <- glmnet(x, out, family, alpha = alpha, lambda = lambda, thresh = 1e-22, maxit = 1e8)
    o <- lum("predict lasso", f, "--outcome", if (family == "gaussian") "y" else "e", "--features", paste(colnames(x), collapse = ","), "--family", family, "--alpha", alpha, "--lambda", paste(format(lambda, scientific = FALSE), collapse = ","))$results$path
    w <- paste(seed, n, p, family, alpha)
    for (k in seq_along(lambda)) {
      b <- as.numeric(as.matrix(m$beta)[, k]); mine <- sapply(colnames(x), function(v) as.numeric(o[[k]]$coefficients[[v]] %||% 0))
      same(paste(w, "coefficients", k), mine, b, 1e-5, 1e-6); same(paste(w, "intercept", k), o[[k]]$intercept, m$a0[[k]], 1e-5, 1e-6); same(paste(w, "ratio", k), o[[k]]$deviance_ratio, m$dev.ratio[k], 1e-7)
    }
  }
  d$risk <- round(plogis(.8 * eta + rnorm(n, .2, .5)), 4); d$other <- round(plogis(rnorm(n)), 2); f <- put(d)
  o <- lum("predict roc", f, "--outcome e --score other")$results; r <- delong(d$other, d$e)
  same(paste(seed, "DeLong"), c(o$auc, o$variance), r)
  o <- lum("predict calibration", f, "--outcome e --score risk")$results; lp <- qlogis(d$risk)
  g <- glm(e ~ lp, binomial, d, epsilon = 1e-14); large <- glm(e ~ offset(lp), binomial, d, epsilon = 1e-14)
  same(paste(seed, "calibration"), c(o$intercept, o$slope, o$brier), c(coef(g), mean((d$risk - d$e)^2)), 1e-7)
  smooth <- fitted(loess(e ~ risk, d, control = loess.control(surface = "direct"))); same(paste(seed, "ICI"), o$ici, mean(abs(smooth - d$risk)), 1e-6)
  at <- c(.1, .25, .5, .8); o <- lum("predict decision", f, "--outcome e --score risk --thresholds", paste(at, collapse = ","))$results
  nb <- sapply(at, function(t) mean(d$risk >= t & d$e == 1) - mean(d$risk >= t & d$e == 0) * t / (1 - t)); rows <- o$curve %||% o$rows
  same(paste(seed, "net benefit"), col(rows, "net_benefit") %||% col(rows, "model"), nb)
}

for (delta in c(3, 6, 15)) for (side in c("two.sided", "one.sided")) for (strict in c(FALSE, TRUE)) {
  if (strict && side == "one.sided") next
  extra <- paste("--sides", if (side == "two.sided") 2 else 1, if (strict) "--strict")
  o <- lum("power means", NULL, "--sd 15 --power .9 --alpha .03 --delta", delta, extra)$results
  same(paste("means", delta, side), o$n_exact, power.t.test(delta = delta, sd = 15, sig.level = .03, power = .9, alternative = side, strict = strict, tol = 1e-12)$n, 1e-7)
  o <- lum("power means", NULL, "--sd 15 --n 20 --alpha .03 --delta", delta, extra)$results
  same(paste("power", delta, side), o$power, power.t.test(n = 20, delta = delta, sd = 15, sig.level = .03, alternative = side, strict = strict)$power)
  o <- lum("power proportions", NULL, "--p1 .3 --power .85 --alpha .04 --p2", .3 + delta / 50, extra)$results
  same(paste("proportions", delta, side), o$n_exact, power.prop.test(p1 = .3, p2 = .3 + delta / 50, sig.level = .04, power = .85, alternative = side, strict = strict, tol = 1e-12)$n, 1e-6)
}

for (seed in 1:6) {
  set.seed(100 + seed); k <- sample(4:9, 1); sizes <- sample(1:4, k, TRUE); if (sum(sizes) == k) sizes[1] <- 3
  d <- data.frame(study = rep(sprintf("S%02d", 1:k), sizes), effect = sequence(sizes)); d$vi <- round(runif(nrow(d), .02, .2), 4); d$x <- round(rnorm(nrow(d)), 2)
  d$yi <- round(.4 + rnorm(k, 0, .4)[as.integer(factor(d$study))] + rnorm(nrow(d), 0, sqrt(d$vi + .05)), 4); f <- put(d)
  for (method in c("REML", "ML")) for (mods in c("", "~ x")) {
    m <- rma.mv(yi, vi, mods = if (mods == "") ~ 1 else ~ x, random = ~ 1 | study / effect, data = d, method = method, control = list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-15, maxit = 5000))
    o <- lum("meta multilevel", f, "--random study/effect --method", method, if (mods != "") paste("--mods", fq(mods)))$results
    w <- paste("nested", seed, method, mods); same(paste(w, "loglik"), o$loglik, as.numeric(logLik(m)), 1e-8); same(paste(w, "sigma2"), unlist(o$sigma2), m$sigma2, 1e-3, 1e-5)
    same(paste(w, "beta"), col(o$coefficients, "estimate"), m$beta, 1e-4); same(paste(w, "se"), col(o$coefficients, "se"), m$se, 1e-4); same(paste(w, "Q"), o$Q, m$QE)
    r <- robust(m, cluster = d$study); o <- lum("meta multilevel", f, "--random study/effect --robust CR1 --method", method, if (mods != "") paste("--mods", fq(mods)))$results
    same(paste(w, "CR1"), c(col(o$coefficients, "se"), col(o$coefficients, "p")), c(r$se, r$pval), 1e-3)
  }
}
done()
