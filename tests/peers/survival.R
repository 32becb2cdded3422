# The survival operations beside R's survival package, on drawn data of every awkward kind.
suppressMessages({library(survival)})
source("peer.R")
for (seed in 1:6) {
  set.seed(seed)
  n <- sample(c(12, 40, 150, 400), 1)
  d <- data.frame(id = sprintf("p%03d", 1:n), arm = sample(c("A", "B", "C")[1:sample(2:3, 1)], n, TRUE), x = round(rnorm(n), 3), z = round(runif(n), 2), s = sample(c("u", "v"), n, TRUE))
  t <- rexp(n, exp(.4 * (d$arm == "B") + .3 * d$x)); if (seed %% 2) t <- ceiling(t * 8) / 8
  c <- runif(n, 0, 2.5)
  d$time <- pmax(if (seed %% 2) ceiling(pmin(t, c) * 8) / 8 else pmin(t, c), .001); d$event <- as.integer(t <= c)
  f <- put(d)
  for (ci in c("log-log", "log", "plain", "logit", "arcsin")) {
    ours <- lum("analyse km", f, "--time time --event event --by arm --ci", sub("-", "", ci))
    theirs <- survfit(Surv(time, event) ~ arm, d, conf.type = ci)
    q <- summary(theirs)$table
    s <- summary(theirs, times = sort(unique(d$time)), extend = FALSE)
    for (a in levels(factor(d$arm))) {
      o <- ours$results$curves[[which(sapply(ours$results$curves, function(k) grepl(paste0(a, "$"), k$stratum)))]]
      k <- which(s$strata == paste0("arm=", a))
      m <- match(round(unlist(o$time), 9), round(s$time[k], 9)); ok <- !is.na(m)
      same(paste(seed, ci, a, "survival"), unlist(o$survival)[ok], s$surv[k][m[ok]])
      lo <- unlist(nul(o$lower))[ok]; same(paste(seed, ci, a, "lower"), lo, s$lower[k][m[ok]]); same(paste(seed, ci, a, "upper"), unlist(nul(o$upper))[ok], s$upper[k][m[ok]])
      row <- q[paste0("arm=", a), ]
      same(paste(seed, ci, a, "median"), c(nn(o$median), nn(o$median_lower), nn(o$median_upper)), unname(row[c("median", "0.95LCL", "0.95UCL")]))
    }
  }
  for (rho in c(0, 1)) {
    ours <- lum("analyse logrank", f, "--time time --event event --by arm --rho", rho)$results
    theirs <- survdiff(Surv(time, event) ~ arm, d, rho = rho); same(paste(seed, "logrank", rho), ours$chisq, theirs$chisq)
    ours <- lum("analyse logrank", f, "--time time --event event --by arm --strata s --rho", rho)$results
    theirs <- survdiff(Surv(time, event) ~ arm + strata(s), d, rho = rho); same(paste(seed, "logrank strata", rho), ours$chisq, theirs$chisq)
  }
  for (ties in c("efron", "breslow", "exact")) for (st in c("", "s")) {
    ours <- lum("analyse cox", f, "--time time --event event --formula", fq("~ arm + x + z"), "--ties", ties, if (st != "") "--strata s")
    form <- if (st == "") Surv(time, event) ~ arm + x + z else Surv(time, event) ~ arm + x + z + strata(s)
    theirs <- coxph(form, d, ties = ties, control = coxph.control(eps = 1e-14, iter.max = 60)); u <- summary(theirs)
    r <- ours$results
    same(paste(seed, ties, st, "beta"), col(r$coefficients, "estimate"), unname(coef(theirs)), 1e-7); same(paste(seed, ties, st, "se"), col(r$coefficients, "se"), unname(sqrt(diag(vcov(theirs)))), 1e-7)
    same(paste(seed, ties, st, "tests"), c(r$loglik, r$loglik_null, r$score$statistic, r$wald$statistic, r$lr$statistic), c(theirs$loglik[2:1], u$sctest[[1]], theirs$wald.test[[1]], u$logtest[[1]]), 1e-7)
    same(paste(seed, ties, st, "concordance"), r$concordance, u$concordance[[1]])
    if (ties != "exact") for (tr in c("km", "rank", "identity", "log")) {
      o <- lum("analyse ph", f, "--time time --event event --formula", fq("~ arm + x + z"), "--ties", ties, if (st != "") "--strata s", "--transform", tr)$results$tests
      z <- cox.zph(theirs, transform = tr, terms = TRUE)$table
      same(paste(seed, ties, st, "ph", tr), col(o, "chisq"), unname(z[, 1]), 1e-6)
    }
  }
  d$cl <- rep(1:ceiling(n / 3), each = 3)[1:n]; f <- put(d)
  ours <- lum("analyse cox", f, "--time time --event event --formula", fq("~ arm + x"), "--cluster cl")$results
  theirs <- coxph(Surv(time, event) ~ arm + x, d, cluster = cl, control = coxph.control(eps = 1e-14, iter.max = 60)); same(paste(seed, "robust"), col(ours$coefficients, "se"), unname(sqrt(diag(vcov(theirs)))), 1e-7)
}
done()
