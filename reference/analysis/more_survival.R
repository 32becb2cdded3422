# Witness of the cases in more_survival.case.json: R 4.2.2, survival 3.5-3. Run from this folder; writes onset80.csv and episodes40.csv,
# simulated for this project, and prints the values.
library(survival)
set.seed(407)
n <- 80
arm <- rep(c("CONTROL", "EXERCISE"), n / 2); odi_0 <- 2 * round(rnorm(n, 20, 4))
t <- rweibull(n, 1.3, 260 * exp(0.4 * (arm == "EXERCISE") - 0.02 * (odi_0 - 40)))
visits <- c(0, 42, 72, 132, 222, 365); left <- right <- numeric(n)
for (i in 1:n) {
  v <- visits[visits == 0 | runif(6) > 0.12]; last <- max(v)
  if (t[i] > last) { left[i] <- last; right[i] <- NA } else { left[i] <- max(v[v < t[i]]); right[i] <- min(v[v >= t[i]]) }
}
k <- sample(n, 8); exact <- k[!is.na(right[k])]; left[exact] <- right[exact] <- round(t[exact], 1) # onsets told by the person
d <- data.frame(id = sprintf("P%02d", 1:n), arm, odi_0, left = ifelse(left == 0, NA, left), right)
write.csv(d, "onset80.csv", row.names = FALSE, na = "", quote = FALSE)
d <- read.csv("onset80.csv")
s <- with(d, Surv(left, right, type = "interval2"))
options(digits = 17)
for (dist in c("weibull", "exponential", "lognormal", "loglogistic")) {
  f <- survreg(s ~ arm + odi_0, d, dist = dist, control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
  cat(dist, format(c(coef(f), log(f$scale), sqrt(diag(vcov(f))), f$loglik[2]), digits = 16), "\n")
}
tb <- survfit(s ~ 1, d); print(data.frame(time = tb$time, surv = tb$surv))
# repeated events: counting process
m <- 40; rows <- NULL
for (i in 1:m) {
  a <- c("CONTROL", "EXERCISE")[i %% 2 + 1]; age <- round(rnorm(1, 68, 5)); b <- rgamma(1, 2, 2); now <- 0; e <- 1
  repeat {
    gap <- ceiling(rexp(1, 0.006 * b * exp(-0.5 * (a == "EXERCISE")))); stop <- min(now + gap, 365)
    rows <- rbind(rows, data.frame(id = sprintf("P%02d", i), arm = a, age, start = now, stop, event = as.integer(now + gap <= 365), episode = min(e, 3)))
    now <- stop; e <- e + 1; if (now >= 365) break
  }
}
rows$weight_kg <- round(rnorm(nrow(rows), 0, 1), 2)
write.csv(rows, "episodes40.csv", row.names = FALSE, quote = FALSE)
r <- read.csv("episodes40.csv"); cc <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)
show <- function(name, f) cat(name, format(c(coef(f), sqrt(diag(vcov(f))), f$loglik[2]), digits = 16), "\n")
show("AG", coxph(Surv(start, stop, event) ~ arm + age, r, cluster = id, control = cc))
show("PWP", coxph(Surv(start, stop, event) ~ arm + age + strata(episode), r, cluster = id, control = cc))
show("offset", coxph(Surv(start, stop, event) ~ arm + age + offset(weight_kg), r, control = cc))
whole <- function(name, f) cat(name, format(c(f$wald.test, summary(f)$concordance), digits = 16), "\n") # robust, and clusters in the concordance's variance
whole("AG", coxph(Surv(start, stop, event) ~ arm + age, r, cluster = id, control = cc))
whole("PWP", coxph(Surv(start, stop, event) ~ arm + age + strata(episode), r, cluster = id, control = cc))
whole("offset", coxph(Surv(start, stop, event) ~ arm + age + offset(weight_kg), r, control = cc))
print(cox.zph(coxph(Surv(start, stop, event) ~ arm + age + factor(episode), r, control = cc), terms = FALSE)$table, digits = 16)
f <- coxph(Surv(start, stop, event) ~ arm + age, r, control = cc)
h <- basehaz(f); b <- survfit(f); s100 <- summary(survfit(f, newdata = data.frame(arm = "EXERCISE", age = 70), conf.type = "log-log"), times = c(100, 300))
cat("at", format(c(s100$surv, s100$std.err, s100$lower, s100$upper), digits = 16), "\n")
cat("martingale", format(c(residuals(f)[1:3], sum(residuals(f)^2), colSums(residuals(f, "dfbeta")^2)), digits = 16), "\n")
# Fleming-Harrington G(rho, gamma), left-continuous Kaplan-Meier of everybody, written out
fh <- function(time, ev, g, rho, gamma) {
  s <- 1; u <- v <- 0
  for (t in sort(unique(time[ev == 1]))) {
    y <- sum(time >= t); y1 <- sum(time >= t & g); dd <- sum(time == t & ev == 1); d1 <- sum(time == t & ev == 1 & g); w <- s^rho * (1 - s)^gamma
    u <- u + w * (d1 - dd * y1 / y); if (y > 1) v <- v + w^2 * dd * (y1 / y) * (1 - y1 / y) * (y - dd) / (y - 1); s <- s * (1 - dd / y)
  }
  u^2 / v
}
a <- read.csv("aml.csv")
cat("FH", format(c(fh(a$time, a$status, a$x == "Maintained", 0, 1), fh(a$time, a$status, a$x == "Maintained", 0.5, 0.5)), digits = 16), "\n")
