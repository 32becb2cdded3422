# Simulates trial60.csv, visits60.csv and screening83.csv (their data never change; kept for the record).
set.seed(20260122)
n<-60
id<-sprintf("P%02d",1:n); arm<-rep(c("CONTROL","EXERCISE"),n/2)[sample(n)]
centre<-sample(c("A","B","C"),n,TRUE); sex<-sample(c("F","M"),n,TRUE,c(.6,.4)); age<-pmax(60,round(rnorm(n,69,6)))
load<-sample(c("high","low","medium"),n,TRUE); load[arm=="CONTROL"&load=="high"]<-"low"
smoker<-rbinom(n,1,.25)
odi0<-2*round(pmin(60,pmax(20,rnorm(n,40,9)))/2)
u<-rnorm(n,0,7)
odi12<-2*round(pmin(100,pmax(0,odi0*.6+6-ifelse(arm=="EXERCISE",8,0)+u+rnorm(n,0,6)))/2)
odi407<-2*round(pmin(100,pmax(0,odi12+rnorm(n,0,4)))/2)
odi6<-2*round(pmin(100,pmax(0,odi0*.7+4-ifelse(arm=="EXERCISE",6,0)+u+rnorm(n,0,6)))/2)
reason<-rep("",n); last<-rep("M12",n)
out<-sample(n,7); reason[out]<-sample(c("lost to follow-up","withdrew consent","adverse event"),7,TRUE); last[out]<-sample(c("BL","W06","M06"),7,TRUE)
odi12[out]<-NA; odi407[out]<-NA; odi6[last%in%c("BL","W06")]<-NA
odi407[setdiff(1:n,out)[c(5,9)]]<-NA
adh<-ifelse(arm=="EXERCISE",round(pmin(100,rnorm(n,84,12)),1),NA)
age[17]<-NA
d<-data.frame(id,arm,centre,sex,age,load,smoker,odi_0=odi0,odi_12m=odi12,odi_407d=odi407,adherence=adh,last_visit=last,reason)
write.csv(d,"reference/analysis/trial60.csv",row.names=FALSE,na="",quote=FALSE)
v<-rbind(data.frame(id,visit="BL",odi=odi0),data.frame(id,visit="M06",odi=odi6),data.frame(id,visit="M12",odi=odi12)); v<-v[!is.na(v$odi),]; v<-v[order(v$id),]
write.csv(v,"reference/analysis/visits60.csv",row.names=FALSE,na="",quote=FALSE)
s<-data.frame(id=1:83,eligible=c(rep("yes",70),rep("no",13)),reason=c(rep("",60),rep("declined to take part",10),sample(c("ODI below 20","surgery indicated","Goutallier grade below 2"),13,TRUE)),consented=c(rep("yes",60),rep("no",23)),randomised=c(rep("yes",60),rep("no",23)))
write.csv(s,"reference/analysis/screening83.csv",row.names=FALSE,quote=FALSE)

# The scores of reference/predict were drawn after them from the same stream.
n<-120; age<-round(rnorm(n,68,7)); smoker<-sample(c("no","yes"),n,TRUE,c(.7,.3)); ff<-round(rnorm(n,30,8),1)
lp<- -1+.05*(age-68)+.8*(smoker=="yes")+.06*(ff-30); y<-rbinom(n,1,plogis(lp))
risk<-round(plogis(lp+rnorm(n,0,.8)),2); ff[c(11,57)]<-NA
write.csv(data.frame(id=1:n,relapse=y,age,smoker,fat_fraction=ff,risk),"reference/predict/scores.csv",row.names=FALSE,na="",quote=FALSE)
# separated: smokers all relapsed
k<-24; sm<-rep(c("no","yes"),c(18,6)); yy<-c(rbinom(18,1,.4),rep(1,6)); ag<-round(rnorm(k,68,7))
write.csv(data.frame(relapse=yy,smoker=sm,age=ag),"reference/predict/separated.csv",row.names=FALSE,quote=FALSE)
