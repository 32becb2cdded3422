# recur60.csv, stacked5.csv and the expected values of analyse subgroup and analyse pool. Run from the root of the repository.
# Base R only; the Cox model (no ties) is fitted by Newton's method from its definition.
put <- function(k, v) cat(k, paste(sprintf("%.17g", v), collapse = " "), "\n")
set.seed(60)
n <- 60
d <- data.frame(id = sprintf("P%02d", 1:n), arm = rep(c("CONTROL", "EXERCISE"), n / 2), sex = sample(c("F", "M"), n, TRUE), load = sample(c("high", "low", "medium"), n, TRUE))
d$pain <- round(rnorm(n, 5, 1.5), 1)
d$odi_12m <- round(20 + 3 * d$pain - 6 * (d$arm == "EXERCISE") + rnorm(n, 0, 8))
d$better <- as.integer(runif(n) < plogis(-0.4 + 1.1 * (d$arm == "EXERCISE") - 0.2 * (d$pain - 5)))
u <- rexp(n, 0.004 * exp(-0.5 * (d$arm == "EXERCISE") + 0.1 * d$pain)); d$days <- pmin(round(u) * 100 + 1:n, 36500 + 1:n) / 100; d$event <- as.integer(round(u) < 365)
write.csv(d, "reference/analysis/recur60.csv", row.names = FALSE, quote = FALSE)
stopifnot(!anyDuplicated(d$days))
cox <- function(X, time, event) { o <- order(-time); X <- X[o, , drop = FALSE]; e <- event[o] == 1; b <- numeric(ncol(X))
  at <- function(b) { w <- drop(exp(X %*% b)); s0 <- cumsum(w); s1 <- apply(X * w, 2, cumsum); m <- s1 / s0; U <- colSums((X - m)[e, , drop = FALSE]); I <- matrix(0, ncol(X), ncol(X))
    for (i in which(e)) I <- I + crossprod(X[1:i, , drop = FALSE] * sqrt(w[1:i])) / s0[i] - tcrossprod(m[i, ]); list(l = sum((drop(X %*% b) - log(s0))[e]), U = U, I = I) }
  for (k in 1:50) b <- b + solve(at(b)$I, at(b)$U); f <- at(b); list(b = b, V = solve(f$I), l = f$l) }
inside <- function(b, V, L) { e <- drop(L %*% b); c(e, sqrt(rowSums((L %*% V) * L))) }
m0 <- lm(odi_12m ~ pain + arm + load, d); m1 <- lm(odi_12m ~ pain + arm * load, d); a <- anova(m0, m1)
put("gaussian", c(a$F[2], a$Df[2], a$Res.Df[2], a$`Pr(>F)`[2]))
L <- rbind(c(0, 0, 1, 0, 0, 0, 0), c(0, 0, 1, 0, 0, 1, 0), c(0, 0, 1, 0, 0, 0, 1)); put("gaussian inside", inside(coef(m1), vcov(m1), L))
mq <- lm(odi_12m ~ arm * pain, d); q <- quantile(d$pain, c(.25, .5, .75)); put("quartiles", q); put("at quartiles", inside(coef(mq), vcov(mq), cbind(0, 1, 0, q)))
g <- glm.control(1e-14, 100); g0 <- glm(better ~ pain + arm + sex, binomial, d, control = g); g1 <- glm(better ~ pain + arm * sex, binomial, d, control = g)
x <- deviance(g0) - deviance(g1); put("binomial", c(x, pchisq(x, 1, lower.tail = FALSE))); put("binomial inside", inside(coef(g1), vcov(g1), rbind(c(0, 0, 1, 0, 0), c(0, 0, 1, 0, 1))))
X0 <- model.matrix(~ pain + arm + sex, d)[, -1]; X1 <- model.matrix(~ pain + arm * sex, d)[, -1]
c0 <- cox(X0, d$days, d$event); c1 <- cox(X1, d$days, d$event); x <- 2 * (c1$l - c0$l)
put("cox", c(x, pchisq(x, 1, lower.tail = FALSE))); put("cox inside", inside(c1$b, c1$V, rbind(c(0, 1, 0, 0), c(0, 1, 0, 1))))
# five imputations: pain of every fourth person drawn anew; the rest is the same
s <- do.call(rbind, lapply(1:5, function(k) { e <- d; i <- seq(3, n, 4); e$pain[i] <- round(rnorm(length(i), 5, 1.4), 1); cbind(imputation = k, e) }))
write.csv(s[s$id <= "P40", ], "reference/analysis/stacked5.csv", row.names = FALSE, quote = FALSE)
s <- read.csv("reference/analysis/stacked5.csv"); S <- split(s, s$imputation)
rubin <- function(Q, U, dfcom) { M <- nrow(Q); for (j in 1:ncol(Q)) { q <- mean(Q[, j]); w <- mean(U[, j]); b <- var(Q[, j]); t <- w + (1 + 1 / M) * b; r <- (1 + 1 / M) * b / w; l <- (1 + 1 / M) * b / t
  old <- (M - 1) / l^2; df <- if (is.infinite(dfcom)) old else { obs <- (dfcom + 1) / (dfcom + 3) * dfcom * (1 - l); old * obs / (old + obs) }
  put(paste(" ", j), c(q, sqrt(t), df, 2 * pt(-abs(q / sqrt(t)), df), r, l, (r + 2 / (df + 3)) / (r + 1))) } }
fits <- function(f) list(Q = t(sapply(S, function(x) f(x)$b)), U = t(sapply(S, function(x) diag(f(x)$V))))
cat("pool gaussian\n"); f <- fits(function(x) { m <- lm(odi_12m ~ pain + arm, x); list(b = coef(m), V = vcov(m)) }); rubin(f$Q, f$U, 37)
cat("pool binomial\n"); f <- fits(function(x) { m <- glm(better ~ pain + arm, binomial, x, control = g); list(b = coef(m), V = vcov(m)) }); rubin(f$Q, f$U, 37)
cat("pool cox\n"); F <- lapply(S, function(x) cox(model.matrix(~ pain + arm, x)[, -1], x$days, x$event)); f <- fits(function(x) cox(model.matrix(~ pain + arm, x)[, -1], x$days, x$event)); rubin(f$Q, f$U, 38)
ub <- Reduce(`+`, lapply(F, function(x) x$V)) / 5; qb <- colMeans(f$Q); r1 <- 1.2 * sum(diag(var(f$Q) %*% solve(ub))) / 2; D <- drop(qb %*% solve((1 + r1) * ub) %*% qb) / 2; t <- 8; nu <- 4 + (t - 4) * (1 + (1 - 2 / t) / r1)^2
put("D1", c(D, nu, r1, pf(D, 2, nu, lower.tail = FALSE)))
