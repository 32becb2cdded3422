# The expected values of the cases in this folder; run from the root of the repository.
put <- function(k, v) cat(k, "\t", paste(sprintf("%.17g", v), collapse = ","), "\n", sep = "")
d<-read.csv("reference/predict/scores.csv"); 
fit<-function(f,dd){m<-glm(f,binomial,dd,control=glm.control(epsilon=1e-15,maxit=50)); for(i in 1:4) m<-glm(f,binomial,dd,start=coef(m),control=glm.control(epsilon=1e-30,maxit=2)); m}
m<-fit(relapse~age+smoker+fat_fraction,d); s<-coef(summary(m)); put("lg.coef",s[,1]);put("lg.se",s[,2]);put("lg.z",s[,3]);put("lg.p",s[,4]); put("lg.n",nobs(m)); put("lg.loglik",as.numeric(logLik(m)));put("lg.dev",deviance(m));put("lg.null",m$null.deviance);put("lg.aic",AIC(m));put("lg.bic",BIC(m))
put("lg.or",exp(s[,1])); put("lg.orl",exp(s[,1]-qnorm(.975)*s[,2])); put("lg.oru",exp(s[,1]+qnorm(.975)*s[,2]))
# roc by definition
psi<-function(x,y) outer(x,y,function(a,b) (a>b)+.5*(a==b))
roc<-function(sc,y){P<-psi(sc[y==1],sc[y==0]); list(auc=mean(P),v10=rowMeans(P),v01=colMeans(P))}
v<-function(a,b) cov(a$v10,b$v10)/length(a$v10)+cov(a$v01,b$v01)/length(a$v01)
a<-roc(d$risk,d$relapse); b<-roc(d$age,d$relapse)
put("roc.auc",a$auc); put("roc.se",sqrt(v(a,a))); put("roc.ci",a$auc+c(-1,1)*qnorm(.975)*sqrt(v(a,a))); put("roc.auc2",b$auc)
z<-(a$auc-b$auc)/sqrt(v(a,a)+v(b,b)-2*v(a,b)); put("roc.z",z); put("roc.p",2*pnorm(-abs(z)))
pos<-d$risk>=.3; y<-d$relapse==1; tp<-sum(pos&y);fp<-sum(pos&!y);tn<-sum(!pos&!y);fn<-sum(!pos&y); put("roc.tab",c(tp,fp,tn,fn))
put("roc.sens.cp",binom.test(tp,tp+fn)$conf.int); put("roc.sens.w",prop.test(tp,tp+fn,correct=FALSE)$conf.int); put("roc.npv.cp",binom.test(tn,tn+fn)$conf.int)
j<-binom.test(tp,tp+fp+fn)$conf.int; put("roc.f1.cp",2*j/(1+j)); put("roc.f1",2*tp/(2*tp+fp+fn)); put("roc.acc",(tp+tn)/length(y))
put("roc.acc.w",prop.test(tp+tn,length(y),correct=FALSE)$conf.int)
# separated
q<-read.csv("reference/predict/separated.csv"); ms<-glm(relapse~age,binomial,subset(q,smoker=="no")); for(i in 1:5) ms<-glm(relapse~age,binomial,subset(q,smoker=="no"),start=coef(ms),control=glm.control(epsilon=1e-30,maxit=2)); put("sep.loglik",as.numeric(logLik(ms))); put("sep.age",coef(ms)[2])
# calibration, decision curve, agreement
d<-read.csv("reference/predict/scores.csv"); y<-d$relapse; p<-d$risk; n<-length(y)
z<-qlogis(p); tight<-function(f,dd) {m<-glm(f,binomial,dd); for(i in 1:5) m<-glm(f,binomial,dd,start=coef(m),control=glm.control(epsilon=1e-30,maxit=2)); m}
m<-tight(y~z,data.frame(y,z)); s<-coef(summary(m)); put("cal.line",s[,1]); put("cal.se",s[,2])
m0<-tight(y~1+offset(z),data.frame(y,z)); put("cal.itl",coef(summary(m0))[,1:2])
put("brier",mean((y-p)^2)); put("logloss",-mean(y*log(p)+(1-y)*log(1-p))); put("oe",sum(y)/sum(p))
f<-loess(y~p,span=.75,degree=2,control=loess.control(surface="direct")); g<-abs(fitted(f)-p); put("ici",mean(g)); put("e50",median(g)); put("e90",quantile(g,.9)); put("emax",max(g))
o<-order(p); gr<-ceiling(seq_len(n)*10/n); E<-tapply(p[o],gr,sum); O<-tapply(y[o],gr,sum); N<-table(gr); h<-sum((O-E)^2/(E*(1-E/N))); put("hl",c(h,pchisq(h,8,lower.tail=FALSE)))
f<-loess(y~p); g<-abs(predict(f,p)-p); put("loess",c(mean(g),max(g))); l<-lowess(p,y,iter=0); g<-abs(approx(l,xout=p,ties=mean)$y-p); put("lowess",c(mean(g),max(g)))
ll<-sum(y*log(p)+(1-y)*log(1-p)); l0<-n*(mean(y)*log(mean(y))+(1-mean(y))*log(1-mean(y))); put("gain",c(2*(ll-l0),2*(as.numeric(logLik(m))-ll))); sz<-sum((y-p)*(1-2*p))/sqrt(sum((1-2*p)^2*p*(1-p))); put("spiegelhalter",c(sz,2*pnorm(-abs(sz))))
th<-sort(unique(p)); spec<-c(0,sapply(th,function(u) mean(p[y==0]<=u))); sens<-c(1,sapply(th,function(u) mean(p[y==1]>u))); x<-seq(.8,1,length.out=2000001); sx<-approx(spec,sens,xout=x,ties="ordered")$y; put("partial",sum((sx[-1]+sx[-length(sx)])/2)*1e-7)
q<-.2+.3*p; up<-sign(p-q); put("nri",c(mean(up[y==1])-mean(up[y==0]),mean((p-q)[y==1])-mean((p-q)[y==0])))
t<-.3; put("nb",c(sum(p>=t&y==1)/n-sum(p>=t&y==0)/n*t/(1-t), mean(y)-(1-mean(y))*t/(1-t), sum(p>=t)))
r<-as.matrix(read.csv("reference/predict/ratings.csv")[,-1]); l<-data.frame(v=c(r),s=factor(rep(1:6,4)),j=factor(rep(1:4,each=6))); a<-anova(lm(v~s+j,l)); put("ms",a[["Mean Sq"]])
# lasso: proximal gradient with a fixed step, 40000 iterations, on predictors of mean 0 and SD (1/n) 1
d <- na.omit(read.csv("reference/predict/scores.csv")); X <- cbind(age = d$age, fat_fraction = d$fat_fraction, risk = d$risk); n <- nrow(X)
m <- colMeans(X); s <- sqrt(colMeans(sweep(X, 2, m)^2)); Z <- sweep(sweep(X, 2, m), 2, s, "/")
prox <- function(y, lambda, alpha, binomial, ridge) { b <- c(if (binomial) qlogis(mean(y)) else mean(y), 0, 0, 0); A <- cbind(1, Z)
  L <- max(eigen(crossprod(A) / n)$values) * (if (binomial) .25 else 1) + ridge
  for (i in 1:40000) { e <- drop(A %*% b); g <- -drop(crossprod(A, y - if (binomial) plogis(e) else e)) / n; u <- b - g / L
    u[-1] <- u[-1] - ridge * b[-1] / L; b <- c(u[1], sign(u[-1]) * pmax(abs(u[-1]) - lambda * alpha / L, 0)) }
  beta <- b[-1] / s; c(b[1] - sum(beta * m), beta) }
put("lasso.1", prox(d$relapse, .05, 1, TRUE, 0)); put("lasso.half", prox(d$relapse, .1, .5, TRUE, .1 * .5))
y <- d$risk * 10; Z <- Z[, 1:2]; Z <- cbind(Z, 0); s[3] <- 1; m[3] <- 0; put("lasso.gaussian", prox(y, .1, .5, FALSE, .1 * .5 / sqrt(mean((y - mean(y))^2))))
# score and explain: the two small models by hand, Shapley values by enumerating all orders of three features
small <- function(x, known, cov1, cov2, less) { # expected margin when only `known` are known
  go <- function(f, thr, dl, l, r, share) { v <- x[f]; if (!(f %in% known)) share * l + (1 - share) * r else if (is.na(v)) { if (dl) l else r } else if (less(v, thr)) l else r }
  t1 <- go(1, 65.5, TRUE, go(2, 22.25, FALSE, -.3, .15, cov1[2]), .4, cov1[1])
  t2 <- go(3, .25, FALSE, -.2, go(3, .5, TRUE, .1, .35, cov2[2]), cov2[1]); t1 + t2 }
orders <- rbind(c(1,2,3), c(1,3,2), c(2,1,3), c(2,3,1), c(3,1,2), c(3,2,1))
phi <- function(f) { out <- numeric(3); for (i in 1:6) { s <- c(); for (j in orders[i, ]) { out[j] <- out[j] + f(c(s, j)) - f(s); s <- c(s, j) } }; out / 6 }
d <- read.csv("reference/predict/scores.csv"); X <- cbind(d$age, d$fat_fraction, d$risk); gap <- which(is.na(d$fat_fraction))[1]
base <- qlogis(.25); ax <- list(c(12/20, 7/12), c(6/18, 9/12)); al <- list(c(72/120, 42/72), c(40/120, 60/80))
for (i in c(1, gap)) { fx <- function(s) base + small(X[i, ], s, ax[[1]], ax[[2]], `<`); fl <- function(s) small(X[i, ], s, al[[1]], al[[2]], `<=`)
  put(paste("xgb", i), c(fx(1:3), fx(NULL), phi(fx))); put(paste("lgb", i), c(fl(1:3), fl(NULL), phi(fl))) }
B <- X[2:9, ]; mix <- function(s) mean(sapply(1:8, function(k) { z <- B[k, ]; z[s] <- X[1, s]; xx <- X[1, ]; X1 <- z
  go <- function(v, thr, l, r) if (v <= thr) l else r; go(X1[1], 65.5, go(X1[2], 22.25, -.3, .15), .4) + go(X1[3], .25, -.2, go(X1[3], .5, .1, .35)) }))
put("lgb against rows 2-9", c(mix(1:3), mix(NULL), phi(mix)))
# leafwise: one tree of two leaves, found by trying every bound between bins of at least 3 rows, with at least 20 rows on each side
d <- read.csv("reference/predict/scores.csv"); y <- d$risk; best <- c(0, NA); f <- function(v) { u <- sort(unique(v)); out <- c(); held <- 0; for (i in seq_len(length(u) - 1)) { held <- held + sum(v == u[i]); if (held >= 3) { out <- c(out, (u[i] + u[i + 1]) / 2); held <- 0 } }; out }
for (cut in f(d$age)) { l <- d$age <= cut; if (min(sum(l), sum(!l)) < 20) next
  g <- sum(y[l] - mean(y))^2 / sum(l) + sum(y[!l] - mean(y))^2 / sum(!l); if (g > best[1]) best <- c(g, cut) }
l <- d$age <= best[2]; p <- mean(y) + .1 * (ifelse(l, mean(y[l]), mean(y[!l])) - mean(y)); put("leafwise", c(best, mean((y - p)^2)))
