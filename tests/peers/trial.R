# What a trial's report is made of beside R: baseline tables, effect modification, several hypotheses, restricted means, Rubin's rules and
# tail probabilities, on drawn data.
suppressMessages({library(survival); library(emmeans); library(mice)})
source("peer.R")

for (seed in 1:6) {
  set.seed(seed); n <- c(30, 60, 120, 250)[1 + seed %% 4]
  d <- data.frame(arm = sample(c("ctl", "new"), n, TRUE), sex = sample(c("F", "M"), n, TRUE), site = sample(c("A", "B", "C"), n, TRUE), age = round(rnorm(n, 68, 6)), base = round(rnorm(n, 40, 10), 1))
  d$y <- round(.5 * d$base - 6 * (d$arm == "new") * (d$sex == "F") + rnorm(n, 0, 9), 2); d$bin <- as.integer(d$y + rnorm(n, 0, 8) > 18); d$y[sample(n, 3)] <- NA; f <- put(d)

  rows <- lum("analyse describe", f, "--by arm --columns age,y,sex")$results$rows
  for (g in c("ctl", "new")) for (v in c("age", "y")) {
    r <- Filter(function(r) r$variable == v && r$group == g, rows)[[1]]; x <- d[[v]][d$arm == g]; q <- quantile(x, c(.25, .5, .75), na.rm = TRUE)
    same(paste(seed, "describe", g, v), c(r$n, r$missing, r$mean, r$sd, r$q1, r$median, r$q3), c(sum(!is.na(x)), sum(is.na(x)), mean(x, na.rm = TRUE), sd(x, na.rm = TRUE), q))
  }
  r <- Filter(function(r) r$variable == "sex" && r$group == "new" && r$level == "F", rows)[[1]]; same(paste(seed, "percent"), c(r$count, r$percent), c(sum(d$sex == "F" & d$arm == "new"), 100 * mean(d$sex[d$arm == "new"] == "F")))

  for (by in c("sex", "site")) {
    o <- lum("analyse subgroup", f, "--formula", fq("y ~ base + arm"), "--treatment arm --by", by)$results
    m <- lm(as.formula(paste("y ~ base + arm *", by)), d); m0 <- lm(as.formula(paste("y ~ base + arm +", by)), d); a <- anova(m0, m)
    same(paste(seed, by, "interaction"), c(o$interactions[[1]]$statistic, o$interactions[[1]]$p), c(a$F[2], a$`Pr(>F)`[2]))
    s <- summary(pairs(emmeans(m, "arm", by = by), reverse = TRUE), infer = TRUE)
    same(paste(seed, by, "inside"), c(col(o$contrasts, "estimate"), col(o$contrasts, "se"), col(o$contrasts, "lower"), col(o$contrasts, "p")), c(s$estimate, s$SE, s$lower.CL, s$p.value), 1e-7)
  }
  o <- lum("analyse subgroup", f, "--formula", fq("bin ~ base + arm"), "--treatment arm --by sex --family binomial")$results
  m <- glm(bin ~ base + arm * sex, binomial, d, epsilon = 1e-14); m0 <- update(m, . ~ . - arm:sex); a <- anova(m0, m, test = "LRT"); same(paste(seed, "logistic interaction"), c(o$interactions[[1]]$statistic, o$interactions[[1]]$p), c(a$Deviance[2], a$`Pr(>Chi)`[2]), 1e-7)

  t <- round(rexp(n, .1 + .05 * (d$arm == "new")), 2) + .01; cens <- round(runif(n, 2, 20), 2); d$time <- pmin(t, cens); d$event <- as.integer(t <= cens); f <- put(d)
  tau <- round(.8 * min(tapply(d$time, d$arm, max)), 2)
  o <- lum("analyse rmst", f, "--time time --event event --by arm --tau", tau)$results$groups
  s <- summary(survfit(Surv(time, event) ~ arm, d), rmean = tau)$table; same(paste(seed, "rmst"), c(col(o, "rmst"), col(o, "se")), c(s[, "rmean"], s[, "se(rmean)"]))

  p <- sort(round(runif(5)^3, 4)); h <- put(data.frame(id = letters[1:5], p = p[k <- sample(5)]))
  for (method in c("holm", "hochberg", "bonferroni")) same(paste(seed, method), col(lum("analyse multiplicity", h, "--p p --id id --method", method)$results$hypotheses, "p_adjusted"), p.adjust(p[k], method))

  e <- d[c("y", "base", "age", "arm", "bin")]; e$arm <- factor(e$arm); e$age[sample(n, 5)] <- NA
  imp <- mice(e, m = 4, method = c("pmm", "", "pmm", "", ""), maxit = 2, printFlag = FALSE, seed = seed); stack <- complete(imp, "long"); names(stack)[1] <- "imputation"; f <- put(stack)
  for (family in c("gaussian", "binomial")) {
    form <- if (family == "gaussian") y ~ base + age + arm else bin ~ base + y + arm
    q <- pool(as.mira(lapply(1:4, function(k) if (family == "gaussian") lm(form, complete(imp, k)) else glm(form, binomial, complete(imp, k), epsilon = 1e-14))))
    u <- summary(q, conf.int = TRUE); o <- lum("analyse pool", f, "--imputation imputation --formula", fq(deparse(form)), "--family", family)$results$coefficients
    same(paste(seed, family, "pool"), c(col(o, "estimate"), col(o, "se"), col(o, "df"), col(o, "p"), col(o, "fmi"), col(o, "riv"), col(o, "lambda")), c(u$estimate, u$std.error, u$df, u$p.value, q$pooled$fmi, q$pooled$riv, q$pooled$lambda), 1e-6)
  }
}
for (x in c(-3.2, .4, 5)) for (df in c(1.5, 12, 400)) {
  tail <- function(name, ...) lum(paste("analyse distribution", name), NULL, ..., "--tail upper")$results$value
  same(paste("t", x, df), tail("t", "--x", x, "--df", df), pt(x, df, lower.tail = FALSE), 1e-12); same(paste("F", x, df), tail("f", "--x", abs(x), "--df", df, "--df2 7"), pf(abs(x), df, 7, lower.tail = FALSE), 1e-12)
  same(paste("chisq", x, df), tail("chisq", "--x", abs(x), "--df", df), pchisq(abs(x), df, lower.tail = FALSE), 1e-12); same(paste("nct", x, df), tail("noncentral_t", "--x", x, "--df", df, "--ncp 1.2"), pt(x, df, 1.2, lower.tail = FALSE), 1e-8)
}
done()
