# The expected values of describe, flow and plan; run from the root of the repository.
put <- function(k, v) cat(k, "\t", paste(sprintf("%.17g", v), collapse = ","), "\n", sep = "")
t<-read.csv("reference/analysis/trial60.csv"); t$arm<-factor(t$arm); 
for(g in levels(t$arm)){x<-t$odi_12m[t$arm==g]; y<-x[!is.na(x)]; put(paste0("ds.",g),c(length(y),sum(is.na(x)),mean(y),sd(y),median(y),quantile(y,c(.25,.75),type=2),quantile(y,c(.25,.75),type=7),min(y),max(y)))
 x<-t$age[t$arm==g]; y<-x[!is.na(x)]; put(paste0("dsage.",g),c(length(y),sum(is.na(x)),mean(y),sd(y))) }
print(table(t$arm,t$load)); print(table(t$arm,t$reason)); print(tapply(!is.na(t$odi_12m),t$arm,sum)); print(table(t$arm)); print(table(t$arm,t$last_visit))
t$chg<-t$odi_12m-t$odi_0; m<-lm(chg~odi_0+sex+centre+arm,t); s<-coef(summary(m)); put("an",c(s["armEXERCISE",],confint(m)["armEXERCISE",],m$df.residual,nobs(m)))
put("an.p1",pt(s["armEXERCISE",3],m$df.residual)); put("an.marg",c((-s["armEXERCISE",1]-5)/s["armEXERCISE",2],pt((-s["armEXERCISE",1]-5)/s["armEXERCISE",2],m$df.residual,lower=FALSE)))
g<-expand.grid(arm=levels(t$arm),sex=c("F","M"),centre=c("A","B","C")); mf<-model.frame(m); g$odi_0<-mean(mf$odi_0); X<-model.matrix(~odi_0+sex+centre+arm,g); for(k in levels(t$arm)){L<-colMeans(X[g$arm==k,]); put(paste0("lsm.",k),c(sum(L*coef(m)),sqrt(t(L)%*%vcov(m)%*%L)))}
t$chg4<-t$odi_407d-t$odi_0; m4<-lm(chg4~odi_0+sex+centre+arm,t); s<-coef(summary(m4)); put("an407",c(s["armEXERCISE",],nobs(m4)))
pp<-subset(t,!(arm=="EXERCISE"&(is.na(adherence)|adherence<75))); put("pp.n",nrow(pp)); mp<-lm(chg~odi_0+sex+centre+arm,pp); put("pp",c(coef(summary(mp))["armEXERCISE",],nobs(mp)))
v6<-read.csv("reference/analysis/visits60.csv"); v6<-subset(v6,visit=="M06"); t$odi_6m<-v6$odi[match(t$id,v6$id)]; m6<-lm(odi_6m~odi_0+sex+centre+arm,t); put("an6",c(coef(summary(m6))["armEXERCISE",],nobs(m6)))
