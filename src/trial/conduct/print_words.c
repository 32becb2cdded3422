/* Words of printed documents. */
#include "trial/conduct/print_words.h"

#include <string.h>

static const char *const words[WORD_WORDS][3] = {
    [WORD_CONSENT] = {"Information and consent", "知情同意书", "Information og samtykke"},
    [WORD_MANUAL] = {"Training manual", "训练手册", "Træningsvejledning"},
    [WORD_DIARY] = {"Diary", "日记", "Dagbog"},
    [WORD_BOOKLET] = {"Booklet", "健康教育手册", "Pjece"},
    [WORD_CRF] = {"Case report form, blank and annotated", "空白病例报告表（附注释）", "Tomt, annoteret dataskema (CRF)"},
    [WORD_VERSION] = {"Version", "版本", "Version"},
    [WORD_CODE] = {"Participant code", "受试者编码", "Deltagerkode"},
    [WORD_NAME] = {"Name in capitals", "姓名（正楷）", "Navn med blokbogstaver"},
    [WORD_PARTICIPANT] = {"Participant", "受试者", "Deltager"},
    [WORD_TAKEN_BY] = {"Who explained the study", "知情同意获取人", "Den, der har informeret"},
    [WORD_DATE] = {"Date", "日期", "Dato"},
    [WORD_STATEMENT] = {"I have read this, could ask what I wanted to know, and take part of my own free will. I can stop at any time.",
                        "我已阅读以上内容，问题已得到解答，自愿参加本研究，并可随时退出。",
                        "Jeg har læst dette, har kunnet stille mine spørgsmål og deltager frivilligt. Jeg kan stoppe når som helst."},
    [WORD_WEEK] = {"Week", "周次", "Uge"},
    [WORD_DAY] = {"Day", "日", "Dag"},
    [WORD_YES] = {"yes", "是", "ja"},
    [WORD_NO] = {"no", "否", "nej"},
    [WORD_VISIT] = {"Visit", "访视", "Besøg"},
    [WORD_FORMS] = {"Forms", "表单", "Skemaer"},
    [WORD_PLAN] = {"The plan", "训练计划", "Planen"},
    [WORD_COMPONENT] = {"Part", "项目", "Del"},
    [WORD_WHAT] = {"What", "内容", "Hvad"},
    [WORD_SITE] = {"Centre", "中心", "Center"},
    [WORD_FILLED_BY] = {"filled in by", "填写人", "udfyldes af"},
    [WORD_ITEM] = {"item", "变量", "variabel"},
    [WORD_REQUIRED] = {"required", "必填", "skal udfyldes"},
    [WORD_SHOWN_IF] = {"only if", "仅当", "kun hvis"},
    [WORD_DERIVED] = {"computed", "自动计算", "beregnes"},
    [WORD_RANGE] = {"range", "范围", "interval"},
    [WORD_SCHEDULE] = {"Schedule of visits", "访视安排", "Besøgsplan"},
    [WORD_WINDOW] = {"Window (days)", "窗口（天）", "Vindue (dage)"},
    [WORD_OPEN_REPORT] = {"Report to the safety board: open", "安全监查委员会报告：公开部分", "Rapport til sikkerhedsudvalget: åben"},
    [WORD_CLOSED_REPORT] = {"Report to the safety board: closed, by group", "安全监查委员会报告：闭门部分（按组）", "Rapport til sikkerhedsudvalget: lukket, pr. gruppe"},
    [WORD_RANDOMISED] = {"Randomised", "已随机", "Randomiseret"},
    [WORD_COMPLETED] = {"Completed", "已完成", "Gennemført"},
    [WORD_LEFT_TREATMENT] = {"Left the treatment", "终止治疗", "Stoppet behandling"},
    [WORD_LEFT_FOLLOWUP] = {"Left the follow-up", "终止随访", "Stoppet opfølgning"},
    [WORD_LEFT_CONSENT] = {"Took the consent back", "撤回同意", "Trukket samtykke"},
    [WORD_EVENTS] = {"Adverse events", "不良事件", "Uønskede hændelser"},
    [WORD_PEOPLE] = {"people", "人数", "personer"},
    [WORD_ANY_EVENT] = {"Any event", "任何事件", "Enhver hændelse"},
    [WORD_SERIOUS] = {"Serious", "严重", "Alvorlig"},
    [WORD_SEVERITY] = {"Severity", "严重程度", "Sværhedsgrad"},
    [WORD_RELATED] = {"Related to", "相关于", "Relateret til"},
    [WORD_TERMS] = {"Events by term", "按术语", "Hændelser efter term"},
    [WORD_WATCH] = {"Watched values", "监测指标", "Overvågede værdier"},
    [WORD_SNAPSHOT] = {"Snapshot", "快照", "Datasæt"},
    [WORD_GROUP] = {"Group", "组", "Gruppe"},
    [WORD_COUNT_NOTE] = {"Events (people with at least one). Denominators are all people randomised.", "事件数（至少发生一次的人数）。分母为全部随机受试者。",
                         "Hændelser (personer med mindst én). Nævneren er alle randomiserede."},
};

const char *print_word_of(print_word word, const char *language)
{
    int at = language && strcmp(language, "zh") == 0 ? 1 : language && strcmp(language, "da") == 0 ? 2 : 0;
    return words[word][at];
}

const char *print_label(const lb_label *label, const char *language)
{
    if (language && strcmp(language, "zh") == 0 && label->zh) return label->zh;
    if (language && strcmp(language, "da") == 0 && label->da) return label->da;
    return label->en ? label->en : "";
}
