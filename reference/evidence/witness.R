# Prints the expected values of the cases in this folder; run it here: Rscript witness.R
suppressMessages(library(metafor))
ctl <- list(threshold=1e-13,maxiter=10000,tol=1e-13)
b <- read.csv("bcg.csv"); s <- read.csv("stroke.csv")
p <- function(n,x) cat(n, sprintf("%.17g",x), "\n")
for (m in c("RR","OR","RD","PETO")) { e <- escalc(m,ai=tpos,bi=tneg,ci=cpos,di=cneg,data=b); p(paste(m,"1"),c(e$yi[1],e$vi[1])); p(paste(m,"13"),c(e$yi[13],e$vi[13])) }
for (m in c("MD","SMD")) for (vt in c("LS",if(m=="SMD") c("LS2","UB") else "HO")) { e <- escalc(m,m1i=m1i,sd1i=sd1i,n1i=n1i,m2i=m2i,sd2i=sd2i,n2i=n2i,data=s,vtype=vt); p(paste(m,vt,"1"),c(e$yi[1],e$vi[1])); p(paste(m,vt,"9"),c(e$yi[9],e$vi[9])) }
p("IRR",unlist(escalc("IRR",x1i=12,t1i=500,x2i=31,t2i=480)))
p("SMCC",unlist(escalc("SMCC",m1i=2.9,sd1i=1.25,m2i=4.9,sd2i=1.38,ri=.5,ni=60)))
e <- escalc("RR",ai=tpos,bi=tneg,ci=cpos,di=cneg,data=b)
f <- rma(yi,vi,data=e,test="knha",control=ctl); pr <- predict(f); ci <- confint(f,control=list(tol=1e-14))
p("fit b,se,p,lb,ub",c(f$beta,f$se,f$pval,f$ci.lb,f$ci.ub)); p("tau2 se I2 H2 QE QEp",c(f$tau2,f$se.tau2,f$I2,f$H2,f$QE,f$QEp)); p("pi",c(pr$pi.lb,pr$pi.ub)); p("ci",ci$random[1,]); p("ll",c(logLik(f)))
p("fitML", f$fit.stats$ML); p("fitREML", f$fit.stats$REML)
f <- rma(yi,vi,mods=~ablat+alloc,data=e,control=ctl); p("reg b",f$beta); p("se",f$se); p("QM QMp tau2 R2 QE I2",c(f$QM,f$QMp,f$tau2,f$R2,f$QE,f$I2))
f <- rma(yi,vi,mods=~ablat,data=e,test="knha",method="DL",control=ctl); p("DL knha reg",c(f$beta,f$QM,f$QMp,f$R2))
es <- escalc("SMD",m1i=m1i,sd1i=sd1i,n1i=n1i,m2i=m2i,sd2i=sd2i,n2i=n2i,data=s)
for (m in c("FE","DL","HE","HS","SJ","ML","EB","PM")) { f <- rma(yi,vi,data=es,method=m,control=ctl); p(m,c(f$beta,f$se,f$tau2,f$I2,f$pval)) }
fs <- lapply(c("random","alternate","systematic"),function(a) rma(yi,vi,data=e,subset=alloc==a,control=ctl)); p("groups",sapply(fs,function(f) f$beta)); p("tau2",sapply(fs,function(f) f$tau2))
bb <- sapply(fs,function(f) f$beta); ss <- sapply(fs,function(f) f$se); q <- rma(bb,sei=ss,method="FE"); p("between",c(q$QE,q$QEp))
f <- rma(yi,vi,mods=~alloc,data=e,control=ctl); p("common tau2 QM QMp",c(f$tau2,f$QM,f$QMp))
