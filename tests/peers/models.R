# Linear, mixed and repeated-measures models beside R's lm, emmeans, lme4, nlme and glm, on drawn data.
suppressMessages({library(lme4); library(nlme); library(emmeans)})
source("peer.R")
for (seed in 1:4) {
  set.seed(seed); n <- c(30, 90, 240, 60)[seed]
  d <- data.frame(id = sprintf("p%03d", 1:n), arm = sample(c("ctl", "new", "old"), n, TRUE), site = sample(c("A", "B"), n, TRUE, c(.7, .3)), base = round(rnorm(n, 40, 12), 1))
  d$y <- round(d$base * .6 + 5 * (d$arm == "new") + 3 * (d$site == "B") + rnorm(n, 0, 8), 2); d$y[sample(n, 2)] <- NA; d$bin <- as.integer(rnorm(n, .02 * (d$base - 40)) > 0); f <- put(d)
  for (form in c("y ~ arm + base", "y ~ arm * site + base", "y ~ arm + site + I(base^2) + base", "y ~ 0 + arm + base", "y ~ arm:site + poly2", "log(base) ~ arm")) {
    if (grepl("poly2", form)) next
    m <- lm(as.formula(form), d, na.action = na.omit)
    o <- lum("analyse ancova", f, "--formula", fq(form))$results
    w <- paste(seed, form)
    same(paste(w, "beta"), col(o$coefficients, "estimate"), unname(coef(m))); same(paste(w, "se"), col(o$coefficients, "se"), unname(summary(m)$coefficients[, 2])); same(paste(w, "r2"), o$r_squared, summary(m)$r.squared)
    if (grepl("^y ~ arm", form)) for (weights in c("equal", "proportional")) {
      o <- lum("analyse ancova", f, "--formula", fq(form), "--treatment arm --means", weights, "--adjust tukey")$results
      e <- suppressMessages(emmeans(m, "arm", weights = weights)); s <- summary(e)
      same(paste(w, weights, "means"), col(o$means, "estimate"), s$emmean); same(paste(w, weights, "means se"), col(o$means, "se"), s$SE)
      p <- summary(pairs(e, adjust = "tukey")); mine <- o$contrasts
      key <- function(x) sapply(strsplit(gsub("[()]", "", x), " - "), function(v) paste(sort(v), collapse = "|"))
      at <- match(key(sapply(mine, function(r) r$contrast)), key(as.character(p$contrast)))
      same(paste(w, weights, "contrast"), abs(col(mine, "estimate")), abs(p$estimate[at])); same(paste(w, weights, "tukey p"), col(mine, "p"), p$p.value[at], 1e-6)
    }
  }
  g <- glm(bin ~ base + age, binomial, transform(d, age = base * 0 + seq_len(n) %% 17), epsilon = 1e-14, maxit = 100)
  d$age <- seq_len(n) %% 17; f <- put(d)
  o <- lum("predict logistic", f, "--outcome bin --features base,age")$results
  same(paste(seed, "logistic"), col(o$coefficients, "estimate"), unname(coef(g))); same(paste(seed, "logistic se"), col(o$coefficients, "se"), unname(summary(g)$coefficients[, 2]), 1e-7)

  long <- merge(d[c("id", "arm", "base")], data.frame(week = c(0, 4, 8, 12))); long <- long[order(long$id, long$week), ]
  u <- rnorm(n, 0, 5); v <- rnorm(n, 0, .4); i <- match(long$id, d$id)
  long$y <- round(50 + u[i] + (v[i] - .3 * (long$arm == "new")) * long$week + rnorm(nrow(long), 0, 4), 2)
  long <- long[runif(nrow(long)) > .12, ]; long$visit <- sprintf("w%02d", long$week); f <- put(long)
  for (re in c("(1 | id)", "(1 + week | id)", "(1 + week || id)")) for (reml in c(TRUE, FALSE)) {
    form <- paste("y ~ arm * week +", re)
    m <- suppressMessages(lmer(as.formula(form), long, REML = reml, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5), check.conv.singular = "ignore")))
    o <- lum("analyse mixed", f, "--formula", fq(form), "--method", if (reml) "reml" else "ml")$results
    w <- paste(seed, form, reml)
    same(paste(w, "beta"), col(o$coefficients, "estimate"), unname(fixef(m)), 1e-5, 1e-6); same(paste(w, "se"), col(o$coefficients, "se"), unname(sqrt(diag(as.matrix(vcov(m))))), 1e-4); same(paste(w, "loglik"), o$loglik, as.numeric(logLik(m)), 1e-8); same(paste(w, "sigma"), o$residual_sd, sigma(m), 1e-4)
  }
  long$visit <- factor(long$visit); long$v <- as.integer(long$visit)
  shapes <- list(us = list(corSymm(form = ~ v | id), varIdent(form = ~ 1 | visit)), cs = list(corCompSymm(form = ~ v | id), NULL), csh = list(corCompSymm(form = ~ v | id), varIdent(form = ~ 1 | visit)), ar1 = list(corAR1(form = ~ v | id), NULL), ar1h = list(corAR1(form = ~ v | id), varIdent(form = ~ 1 | visit)))
  for (s in names(shapes)) {
    m <- tryCatch(gls(y ~ arm * visit + base, long, correlation = shapes[[s]][[1]], weights = shapes[[s]][[2]], control = glsControl(tolerance = 1e-10, msTol = 1e-12, maxIter = 500, msMaxIter = 500)), error = function(e) NULL)
    if (is.null(m)) { cat("gls fails:", seed, s, "\n"); next }
    o <- lum("analyse mmrm", f, "--formula", fq("y ~ arm * visit + base"), "--subject id --visit visit --covariance", s)$results
    same(paste(seed, s, "loglik"), o$loglik, as.numeric(logLik(m)), 1e-7); same(paste(seed, s, "beta"), col(o$coefficients, "estimate"), unname(coef(m)), 1e-3, 1e-4); same(paste(seed, s, "se"), col(o$coefficients, "se"), unname(sqrt(diag(m$varBeta))), 1e-3)
  }
}
done()
