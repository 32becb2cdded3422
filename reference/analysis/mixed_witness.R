# Witness of analyse mmrm and analyse mixed: simulates visits48.csv (seed 48) and fits both models with dense matrices over all
# rows, V = sum of phi_j V_j, by Newton steps on the restricted likelihood in phi (Harville 1977) from nlme's estimates, with
# Satterthwaite's degrees of freedom (observed information) and Kenward and Roger's covariance. Rscript mixed_witness.R
library(nlme)
set.seed(48)
n <- 48; visits <- c("W6", "M3", "M6", "M12"); month <- c(1.5, 3, 6, 12)
base <- data.frame(id = sprintf("P%02d", 1:n), centre = rep(c("C1", "C2", "C3", "C4"), length.out = n),
                   arm = rep(c("CONTROL", "EXERCISE"), each = 4, length.out = n), odi_0 = round(rnorm(n, 40, 10)))
b <- rnorm(n, 0, 6); s <- rnorm(n, 0, 0.6); k <- c(-5, 2, 6, -3)
d <- do.call(rbind, lapply(1:n, function(i) data.frame(base[i, ], visit = visits, month = month, odi = round(
    0.7 * base$odi_0[i] + b[i] + s[i] * month + k[as.integer(substr(base$centre[i], 2, 2))] - 0.5 * month -
    (base$arm[i] == "EXERCISE") * (3 + 0.3 * month) + rnorm(4, 0, 3 + month / 4), 1))))
last <- ifelse(runif(n) < 0.25, sample(1:3, n, TRUE), 4); gap <- runif(n) < 0.1
at <- match(d$visit, visits); who <- match(d$id, base$id)
d$odi[at > last[who] | (gap[who] & at == 2)] <- NA
write.csv(d, "visits48.csv", row.names = FALSE, quote = FALSE, na = "")

fit <- function(y, X, V, phi, expected = FALSE) {
    for (step in 1:60) {
        Vi <- solve(Reduce(`+`, Map(`*`, V, phi))); Phi <- solve(t(X) %*% Vi %*% X)
        P <- Vi - Vi %*% X %*% Phi %*% t(X) %*% Vi; Py <- drop(P %*% y); PV <- lapply(V, function(v) P %*% v)
        g <- sapply(seq_along(V), function(j) sum(diag(PV[[j]])) - sum(Py * (V[[j]] %*% Py)))
        E <- outer(seq_along(V), seq_along(V), Vectorize(function(j, k) sum(PV[[j]] * t(PV[[k]]))))
        Q <- outer(seq_along(V), seq_along(V), Vectorize(function(j, k) sum((V[[j]] %*% Py) * (P %*% (V[[k]] %*% Py)))))
        H <- -E + 2 * Q
        if (max(abs(solve(H, g) / phi)) < 1e-12 && step > 3) break
        phi <- phi - solve(H, g)
    }
    W <- if (expected) 2 * solve(E) else 2 * solve(H)
    beta <- drop(Phi %*% t(X) %*% Vi %*% y); A <- lapply(V, function(v) t(X) %*% Vi %*% v %*% Vi %*% X)
    sum <- 0 * Phi
    for (j in seq_along(V)) for (k in seq_along(V))
        sum <- sum + W[j, k] * (t(X) %*% Vi %*% V[[j]] %*% Vi %*% V[[k]] %*% Vi %*% X - A[[j]] %*% Phi %*% A[[k]])
    df <- function(l) {
        g <- sapply(A, function(a) drop(t(l) %*% Phi %*% a %*% Phi %*% l))
        2 * drop(t(l) %*% Phi %*% l)^2 / drop(t(g) %*% W %*% g)
    }
    dev <- -as.numeric(determinant(Vi)$modulus) + as.numeric(determinant(t(X) %*% Vi %*% X)$modulus) + sum(y * Py) +
        (length(y) - ncol(X)) * log(2 * pi)
    list(phi = phi, beta = beta, Phi = Phi, KR = Phi + 2 * Phi %*% sum %*% Phi, df = df, loglik = -dev / 2)
}
show <- function(name, x) cat(sprintf("%-28s %s\n", name, paste(sprintf("%.15g", x), collapse = " ")))

d <- d[!is.na(d$odi), ]; d$visit <- factor(d$visit, visits); d$arm <- factor(d$arm)
X <- model.matrix(~ odi_0 + arm * visit, d); v <- as.integer(d$visit); same <- outer(d$id, d$id, "==") * 1
E <- list(); phi <- c()
g0 <- gls(odi ~ odi_0 + arm * visit, d, corSymm(form = ~ as.integer(visit) | id), varIdent(form = ~ 1 | visit))
full <- names(which(table(d$id) == 4))[1]; S0 <- getVarCov(g0, full)
for (b in 1:4) for (a in b:4) {
    m <- outer(v == a, v == b) * 1
    E[[length(E) + 1]] <- same * (if (a == b) m else m + t(m)); phi <- c(phi, S0[a, b])
}
f <- fit(d$odi, X, E, phi)
cat("mmrm us reml\n"); show("gls loglik", as.numeric(logLik(g0))); show("loglik", f$loglik); show("Sigma", f$phi); show("beta", f$beta)
l <- as.numeric(colnames(X) == "armEXERCISE") + as.numeric(colnames(X) == "armEXERCISE:visitM12")
show("contrast M12", c(sum(l * f$beta), sqrt(drop(t(l) %*% f$Phi %*% l)), sqrt(drop(t(l) %*% f$KR %*% l)), f$df(l)))

lmm <- function(formula, V, phi) {
    X <- model.matrix(formula, d)
    for (expected in c(FALSE, TRUE)) {
        f <- fit(d$odi, X, V, phi, expected)
        if (!expected) { show("loglik", f$loglik); show("phi", f$phi); show("beta", f$beta); show("se", sqrt(diag(f$Phi))) }
        else show("kr se", sqrt(diag(f$KR)))
        show(if (expected) "kr df" else "satterthwaite df", apply(diag(ncol(X)), 1, f$df))
    }
}
one <- rep(1, nrow(d)); t0 <- d$month; I <- diag(nrow(d))
cat("mixed odi ~ odi_0 + arm*month + (1 + month | id)\n")
m1 <- lme(odi ~ odi_0 + arm * month, d, ~ 1 + month | id); show("lme loglik", as.numeric(logLik(m1)))
G <- as.matrix(getVarCov(m1))
lmm(~ odi_0 + arm * month, list(same, same * (outer(t0, one) + outer(one, t0)), same * outer(t0, t0), I), c(G[1, 1], G[1, 2], G[2, 2], m1$sigma^2))
cat("mixed odi ~ odi_0 + arm*month + (1 | centre) + (1 | id)\n")
lmm(~ odi_0 + arm * month, list(same, outer(d$centre, d$centre, "==") * 1, I), c(40, 20, 25))
