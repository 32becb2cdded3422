# The expected values of the cases in this folder.
put <- function(k, v) cat(k, "\t", paste(sprintf("%.17g", v), collapse = ","), "\n", sep = "")
pt<-function(...) power.t.test(...,tol=1e-14)
put("pw.margin.t",pt(delta=5,sd=15,sig.level=.025,power=.8,alternative="one.sided")$n); put("pw.strict",pt(delta=6,sd=12,sig.level=.05,power=.9,strict=TRUE)$n)
put("pw.power",pt(n=141,delta=5,sd=15,sig.level=.025,alternative="one.sided")$power); put("pw.detect",pt(n=141,power=.8,sd=15,sig.level=.025,alternative="one.sided")$delta)
put("pw.anc",pt(delta=5,sd=15*sqrt(.75),sig.level=.025,power=.8,alternative="one.sided")$n)
put("pw.strictpower",pt(n=9,delta=1,sd=3,sig.level=.2,strict=TRUE)$power)
put("pw.15",pt(delta=15,sd=15,sig.level=.025,power=.8,alternative="one.sided")$n)
put("pw.z",2*225*(qnorm(.975)+qnorm(.8))^2/25); put("pw.modic",pt(n=50,sd=1,power=.8)$delta)
