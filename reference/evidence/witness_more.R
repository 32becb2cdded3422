# Expected values of trimfill, failsafe, permute, gosh, multilevel, network and Wilson's macro. Run in this folder.
suppressMessages(library(metafor))
options(digits = 16)
exact <- list(threshold = 1e-13, maxiter = 1e4, tol = 1e-13)
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = read.csv("bcg.csv"))
show <- function(name, ...) cat(name, format(c(...), digits = 16), "\n")
t <- trimfill(rma(yi, vi, data = bcg, method = "DL"))
show("trimfill L0 DL: k0 se_k0 estimate se tau2", t$k0, t$se.k0, t$beta, t$se, t$tau2)
t <- trimfill(rma(yi, vi, data = bcg, method = "FE"), estimator = "R0")
show("trimfill R0 FE: k0 p estimate se", t$k0, t$p.k0, t$beta, t$se)
for (type in c("Rosenthal", "Rosenberg")) { f <- fsn(yi, vi, data = bcg, type = type); show(paste("fsn", type), f$fsnum, f$pval) }
seven <- bcg[1:7, ]
p <- permutest(rma(yi, vi, mods = ~ablat, data = seven, method = "DL"), exact = TRUE, progbar = FALSE)
show("permutest first 7: p QMp", p$pval, p$QMp)
stroke <- escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = read.csv("stroke.csv"))
g <- gosh(rma(yi, vi, data = stroke, method = "DL"), progbar = FALSE)
show("gosh stroke DL: n mean sd", nrow(g$res), mean(g$res$estimate), sd(g$res$estimate))
nested <- read.csv("nested.csv")
m <- rma.mv(yi, vi, random = ~1 | trial/effect, data = nested, control = list(rel.tol = 1e-12))
show("three-level: estimate se sigma2 loglik Q", m$beta, m$se, m$sigma2, logLik(m), m$QE)
r <- robust(m, nested$trial)
show("CR1: se df p", r$se, r$dfs, r$pval)
n <- read.csv("network.csv")
trt <- sort(unique(c(n$treat1, n$treat2)))
X <- t(sapply(seq_len(nrow(n)), function(i) (trt == n$treat1[i]) - (trt == n$treat2[i])))[, -1]
keep <- !(n$studlab == "Trial 09" & n$treat1 == "manual") # two contrasts of the three-armed trial, both from exercise
V <- diag(n$seTE^2)
multi <- which(n$studlab == "Trial 09")
V[multi[1], multi[2]] <- V[multi[2], multi[1]] <- (sum(n$seTE[multi[1:2]]^2) - n$seTE[multi[3]]^2) / 2
V <- V[keep, keep]; X <- X[keep, ]; y <- n$TE[keep]; s <- n$studlab[keep]
D <- outer(s, s, "==") * (0.5 + 0.5 * diag(length(s)))
W <- solve(V); P <- W - W %*% X %*% solve(t(X) %*% W %*% X) %*% t(X) %*% W
Q <- c(t(y) %*% P %*% y); df <- length(y) - ncol(X)
tau2 <- max(0, (Q - df) / sum(diag(P %*% D)))
W <- solve(V + tau2 * D); C <- solve(t(X) %*% W %*% X); b <- c(C %*% t(X) %*% W %*% y)
names(b) <- trt[-1]
show("network DL: tau2 Q df", tau2, Q, df)
show("exercise - usual: estimate se", b["exercise"] - b["usual"], sqrt(C[1, 1] + C[3, 3] - 2 * C[1, 3]))
w <- rma(yi, vi, mods = ~ablat, data = bcg, method = "ML", control = exact)
tau2 <- w$tau2 * w$k / (w$k - w$p) # the macro's "REML"
wi <- 1 / (bcg$vi + tau2); fit <- lm(bcg$yi ~ bcg$ablat, weights = wi)
Qr <- sum(wi * resid(fit)^2); Qt <- sum(wi * (bcg$yi - weighted.mean(bcg$yi, wi))^2)
show("Wilson REML: tau2 R2 slope mean", tau2, 100 * (Qt - Qr) / Qt, coef(fit)[2], weighted.mean(bcg$yi, wi))
show("vif ablat + year", vif(rma(yi, vi, mods = ~ ablat + year, data = bcg, control = exact))[1])

# Baujat plot of the equal-effects model.
x <- baujat(rma(yi, vi, data = bcg, method = "FE"))
show("baujat 1, 8", x$x[1], x$y[1], x$x[8], x$y[8])

# Predictions of studies' effects, excess significance, Henmi and Copas, iterated estimators, aggregated clusters.
m <- rma(yi, vi, data = bcg, test = "knha", control = exact)
b <- blup(m); show("blup 1, 8: pred se lower upper", b$pred[c(1, 8)], b$se[c(1, 8)], b$pi.lb[c(1, 8)], b$pi.ub[c(1, 8)])
m <- rma(yi, vi, mods = ~ablat, data = bcg, control = exact)
b <- blup(m); show("blup ablat 1, 8: pred se", b$pred[c(1, 8)], b$se[c(1, 8)])
e <- tes(yi, vi, data = bcg, progbar = FALSE); show("tes: O E theta p power1", e$O, e$E, e$theta, e$pval, e$power[1])
e <- tes(yi, vi, data = bcg, test = "chi2"); show("tes chi2: X2 p", e$X2, e$pval)
for (method in c("SJIT", "PMM", "HSk")) {
  m <- rma(yi, vi, data = bcg, method = method, control = exact); show(paste(method, ": tau2 se"), m$tau2, m$se.tau2)
}
h <- function(yi, vi) { # metafor's equations of hc(), which stops uniroot at 1.2e-4, to the end
  k <- length(yi); w <- 1 / vi; a <- sum(w); b <- sum(w^2) / a; c <- sum(w^3) / a; d <- sum(w^4) / a
  m <- sum(w * yi) / a; t <- max(0, (sum(w * (yi - m)^2) - (k - 1)) / (a - b)); s <- 1 + t * b
  mean <- function(r) k - 1 + t * (a - b) + t^2 * (r^2 / s^2 - 1 / s) * (c - b^2)
  var <- function(r) 2 * (k - 1) + 4 * t * (a - b) + 2 * t^2 * (a * b - 2 * c + b^2) + 4 * t^2 * (r^2 / s^2 - 1 / s) * (c - b^2) +
    4 * t^3 * (r^2 / s^2 - 1 / s) * (d - 2 * b * c + b^3) + 2 * t^4 * (1 / s^2 - 2 * r^2 / s^3) * (c - b^2)^2
  f <- function(x) integrate(function(r) pgamma((a / b - 1) * ((r / x)^2 - 1) + k - 1, mean(sqrt(s) * r)^2 / var(sqrt(s) * r),
    scale = var(sqrt(s) * r) / mean(sqrt(s) * r)) * dnorm(r), x, Inf, rel.tol = 1e-13, abs.tol = 0)$value - .025
  u <- uniroot(f, c(.3, qnorm(.975)), tol = 1e-14)$root * s / sqrt(a)
  c(m, sqrt(s / a), m - u, m + u, t)
}
show("Henmi-Copas: estimate se lower upper tau2", h(bcg$yi, bcg$vi))
g <- aggregate(escalc(yi = yi, vi = vi, data = nested), cluster = trial, struct = "CS", rho = .6)
show("aggregate: yi vi of 1, 2", g$yi[1:2], g$vi[1:2])
g <- aggregate(escalc(yi = yi, vi = vi, data = nested), cluster = trial, struct = "CS", rho = .6, weighted = FALSE)
show("unweighted: yi vi of 1, 2", g$yi[1:2], g$vi[1:2])
m <- rma.mv(yi, vi, random = ~1 | trial, data = nested, control = list(rel.tol = 1e-12))
show("outer only: estimate se sigma2 loglik", m$beta, m$se, m$sigma2, logLik(m))
