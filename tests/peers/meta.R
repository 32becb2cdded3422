# The pooling operations beside metafor, on drawn studies.
suppressMessages(library(metafor))
source("peer.R")
for (seed in 1:6) {
  set.seed(seed); k <- sample(c(3, 5, 9, 20), 1)
  d <- data.frame(study = sprintf("S%02d", 1:k), vi = round(runif(k, .01, .3), 4), x = round(rnorm(k), 2), g = rep(c("a", "b"), length.out = k))
  d$yi <- round(rnorm(k, .3 + .2 * d$x, sqrt(d$vi + .1 * (seed %% 3))), 4); f <- put(d)
  for (m in c("FE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")) for (tst in c("z", "knha", "t", "adhoc")) {
    for (mods in c("", "~ x", "~ x + g")) {
      if (mods == "~ x + g" && k < 5) next
      o <- lum("meta fit", f, "--yi yi --vi vi --method", m, "--test", tst, if (mods != "") paste("--mods", fq(mods)))$results
      r <- tryCatch(suppressWarnings((if (mods == "") rma(yi, vi, data = d, method = m, test = tst, control = list(threshold = 1e-12, maxiter = 10000, tol = 1e-12)) else rma(yi, vi, mods = as.formula(mods), data = d, method = m, test = tst, control = list(threshold = 1e-12, maxiter = 10000, tol = 1e-12)))), error = function(e) NULL)
      if (is.null(r)) { cat("R fails", seed, m, tst, mods, "\n"); next }
      w <- paste(seed, k, m, tst, mods); tol <- if (m %in% c("ML", "REML", "EB", "SJ", "PM")) 1e-4 else 1e-8
      same(paste(w, "beta"), col(o$coefficients, "estimate"), r$beta, tol, 1e-7); same(paste(w, "se"), col(o$coefficients, "se"), r$se, tol); same(paste(w, "p"), col(o$coefficients, "p"), r$pval, tol * 10)
      same(paste(w, "tau2"), nn(o$tau2), r$tau2, tol, 1e-7); same(paste(w, "I2"), nn(o$I2), r$I2, tol * 10, 1e-5); same(paste(w, "QE"), nn(o$Q), r$QE)
      same(paste(w, "H2"), nn(o$H2), r$H2, tol * 10)
      if (mods != "") { same(paste(w, "QM"), nn(o$QM), r$QM, tol * 10, 1e-6); same(paste(w, "QMp"), nn(o$QM_p), r$QMp, tol * 10, 1e-6); if (m != "FE") same(paste(w, "R2"), nn(o$R2), if (is.null(r$R2)) NA else r$R2, tol * 100, 1e-3) }
      if (mods == "" && m != "FE") { p <- predict(r); same(paste(w, "pi"), c(nn(o$pi_lower), nn(o$pi_upper)), c(p$pi.lb, p$pi.ub), tol * 10)
        ci <- tryCatch(confint(r)$random[1, 2:3], error = function(e) c(NA, NA)); if (tst == "z" && !anyNA(ci)) same(paste(w, "Qprofile"), c(nn(o$tau2_lower), nn(o$tau2_upper)), ci, 1e-3, 1e-3) }
      same(paste(w, "ll"), nn(o$loglik), if (m == "REML") r$fit.stats["ll", "REML"] else r$fit.stats["ll", "ML"], tol * 10)
    }
  }
  r <- rma(yi, vi, data = d, control = list(threshold = 1e-12, maxiter = 10000))
  i <- influence(r); o <- lum("meta influence", f, "--yi yi --vi vi")$results$rows
  same(paste(seed, "rstudent"), col(o, "rstudent"), i$inf$rstudent, 1e-5); same(paste(seed, "cook"), col(o, "cook"), i$inf$cook.d, 1e-5); same(paste(seed, "dffits"), col(o, "dffits"), i$inf$dffits, 1e-5); same(paste(seed, "covr"), col(o, "cov_r"), i$inf$cov.r, 1e-5); same(paste(seed, "hat"), col(o, "hat"), i$inf$hat, 1e-5); same(paste(seed, "taudel"), col(o, "tau2_del"), i$inf$tau2.del, 1e-4, 1e-6)
  l <- leave1out(r); o <- lum("meta leaveout", f, "--yi yi --vi vi")$results$rows; same(paste(seed, "loo"), col(o, "estimate"), l$estimate, 1e-5)
  l <- suppressWarnings(cumul(r, order = d$x)); o <- lum("meta cumulative", f, "--yi yi --vi vi --order x")$results$rows; same(paste(seed, "cumul"), col(o, "estimate"), l$estimate, 1e-5)
  b <- lum("meta bias", f, "--yi yi --vi vi")$results
  e <- regtest(r); same(paste(seed, "egger"), c(b$egger$statistic, b$egger$p), c(e$zval, e$pval), 1e-4); same(paste(seed, "limit"), c(b$egger$limit, b$egger$limit_lower, b$egger$limit_upper), c(e$est, e$ci.lb, e$ci.ub), 1e-4)
  e <- regtest(r, model = "lm"); same(paste(seed, "eggerlm"), c(b$egger_lm$statistic, b$egger_lm$p), c(e$zval, e$pval)); e <- suppressWarnings(ranktest(r)); same(paste(seed, "rank"), c(b$rank$tau, b$rank$p), c(e$tau, e$pval))
  for (es in c("L0", "R0")) { t <- trimfill(rma(yi, vi, data = d, method = "DL"), estimator = es); o <- lum("meta trimfill", f, "--yi yi --vi vi --method DL --estimator", es)$results; same(paste(seed, es), c(o$k0, o$estimate, o$se), c(t$k0, t$beta, t$se)) }
  for (ty in c("Rosenthal", "Orwin", "Rosenberg")) { o <- lum("meta failsafe", f, "--yi yi --vi vi --type", tolower(ty))$results; fs <- fsn(yi, vi, data = d, type = ty); same(paste(seed, ty), nn(o$n), fs$fsnum) }
}
n <- 8; set.seed(3)
d <- data.frame(study = 1:n, m1i = round(rnorm(n, 5, 2), 1), sd1i = round(runif(n, 1, 3), 1), n1i = sample(8:60, n), m2i = round(rnorm(n, 6, 2), 1), sd2i = round(runif(n, 1, 3), 1), n2i = sample(8:60, n), ai = sample(0:9, n, TRUE), bi = sample(5:30, n), ci = sample(0:9, n, TRUE), di = sample(5:30, n), ri = round(runif(n, .2, .8), 2), ni = sample(10:80, n), xi = sample(0:8, n, TRUE), mi = sample(5:30, n)); f <- put(d)
for (m in c("MD", "SMD")) { o <- lum("meta effect", f, "--measure", m, "--m1i m1i --sd1i sd1i --n1i n1i --m2i m2i --sd2i sd2i --n2i n2i")$results$rows; e <- escalc(m, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = d); same(paste(m, "yi"), col(o, "yi"), e$yi); same(paste(m, "vi"), col(o, "vi"), e$vi) }
for (m in c("RR", "OR", "RD", "AS", "PETO")) { o <- lum("meta effect", f, "--measure", m, "--ai ai --bi bi --ci ci --di di")$results$rows; e <- escalc(m, ai = ai, bi = bi, ci = ci, di = di, data = d); same(paste(m, "yi"), col(o, "yi"), e$yi); same(paste(m, "vi"), col(o, "vi"), e$vi) }
for (m in c("COR", "ZCOR")) { o <- lum("meta effect", f, "--measure", m, "--ri ri --ni ni")$results$rows; e <- escalc(m, ri = ri, ni = ni, data = d); same(paste(m, "yi"), col(o, "yi"), e$yi); same(paste(m, "vi"), col(o, "vi"), e$vi) }
for (m in c("PR", "PLN", "PLO", "PAS", "PFT")) { o <- lum("meta effect", f, "--measure", m, "--xi xi --ni ni")$results$rows; e <- escalc(m, xi = xi, ni = ni, data = d); same(paste(m, "yi"), col(o, "yi"), e$yi); same(paste(m, "vi"), col(o, "vi"), e$vi) }
for (m in c("MC", "SMCC", "SMCR")) { o <- lum("meta effect", f, "--measure", m, "--m1i m1i --sd1i sd1i --m2i m2i --sd2i sd2i --ni ni --ri ri")$results$rows; e <- escalc(m, m1i = m1i, sd1i = sd1i, m2i = m2i, sd2i = sd2i, ni = ni, ri = ri, data = d); same(paste(m, "yi"), col(o, "yi"), e$yi); same(paste(m, "vi"), col(o, "vi"), e$vi) }
for (m in c("MH", "PETO")) for (me in if (m == "PETO") "PETO" else c("RR", "OR", "RD")) { r <- if (m == "MH") rma.mh(measure = me, ai = ai, bi = bi, ci = ci, di = di, data = d) else rma.peto(ai = ai, bi = bi, ci = ci, di = di, data = d); o <- lum("meta fit", f, "--method", m, if (m == "MH") paste("--measure", me), "--ai ai --bi bi --ci ci --di di")$results; same(paste(m, me), c(nn(o$estimate), nn(o$se), nn(o$Q)), c(r$beta, r$se, r$QE)) }
done()
