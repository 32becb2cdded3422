# The invented review of review.yaml, worked out by hand in R with metafor.
suppressMessages(library(metafor))
sdc <- function(a, b, r) sqrt(a^2 + b^2 - 2 * r * a * b)
r <- mean(c((18^2 + 19^2 - 17^2) / (2 * 18 * 19), (18^2 + 20^2 - 19^2) / (2 * 18 * 20), (17^2 + 19^2 - 18^2) / (2 * 17 * 19)))
t4 <- c((2 + 3 + 4.5) / 3, 2.5 / 1.35)
n <- c(29, 30); m <- c(4.1 - 4.9, 4.3 - 4.7); s <- c(sdc(1.6, 1.9, r), sdc(1.8, 2, r)); N <- sum(n)
both <- c(sum(n * m) / N, sqrt(((n[1] - 1) * s[1]^2 + (n[2] - 1) * s[2]^2 + n[1] * n[2] / N * (m[1] - m[2])^2) / (N - 1)))
d <- data.frame(
  n1 = c(38, 24, 58, 31), m1 = c(-2.1, -1.9, -1.9, t4[1] - 4.8), sd1 = c(1.9, .41 * sqrt(24), sdc(2, 2.1, r), sdc(1.7, t4[2], r)),
  n2 = c(39, 25, 57, N), m2 = c(-.7, -.8, -.7, both[1]), sd2 = c(1.8, sqrt(25) * 1.4 / (2 * qt(.975, 24)), sdc(1.9, 2, r), both[2]))
e <- escalc("SMD", n1i = n1, m1i = m1, sd1i = sd1, n2i = n2, m2i = m2, sd2i = sd2, data = d)
show <- function(name, x) cat(name, format(x, digits = 16), "\n")
show("r", r); show("yi", e$yi); show("vi", e$vi)
f <- rma(yi, vi, data = e, method = "DL"); show("passive short", c(f$beta, f$se, f$tau2, f$QE))
f <- rma(yi, vi, data = e[-2, ], method = "DL"); show("no high", c(f$beta, f$se))
