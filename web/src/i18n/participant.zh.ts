// 受试者手机页面文字（简体中文）。
import type { en } from './participant.en';

export const zh: typeof en = {
  title: '我的日记', hello: '您好', code: '您的编码', today: '今天', yesterday: '昨天', open: '待填写', nothing: '今天没有需要填写的内容。', fillIn: '填写', done: '已完成', change: '再看一遍', day: '第{n}天',
  save: '完成', back: '返回', saved: '谢谢，已保存。', savedOffline: '谢谢，已保存在本手机，有网络时自动发送。', next: '下一项', answered: '已答 {n} / {all}', needed: '请回答此题。', mend: '请更正标出的内容。',
  waiting: '等待网络：{n}条', sent: '已全部送达。', sending: '正在发送…', offline: '没有网络。可以继续填写，内容都保存在这里。', refused: '未能接收', ended: '此链接已失效。', endedText: '请向研究中心索取新链接。',
  first: '请先在有网络时打开一次本页。', loading: '请稍候…', noLink: '请打开研究中心给您的链接。', yes: '是', no: '否', minutes: '分钟', clear: '清除', none: '无', pick: '从0到10选择', low: '无', high: '最重', install: '若要像应用一样使用：在浏览器菜单中选择“添加到主屏幕”。',
  language: '语言', range: '请填写 {low} 至 {high}。', number: '请填写数字。', date: '日期请写作 2026-11-28。', questionnaires: '问卷', earlier: '之前的日子', state_kept: '已送达', state_waiting: '在本手机', state_refused: '未接收', until: '截至{date}', contact: '有疑问？', less: '少', more: '多',
};
