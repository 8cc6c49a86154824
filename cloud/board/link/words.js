/** What the phone's page says, in Chinese and English beside each other: who opens a link has chosen no language. */

export const LEVELS = {
  red: ["▲", "红色 Ⅰ级", "Red Ⅰ"],
  orange: ["◆", "橙色 Ⅱ级", "Orange Ⅱ"],
  yellow: ["■", "黄色 Ⅲ级", "Yellow Ⅲ"],
  blue: ["●", "蓝色 Ⅳ级", "Blue Ⅳ"],
};
export const STAGES = {
  reported: ["上报", "reported"],
  filed: ["立案", "filed"],
  dispatched: ["派遣", "dispatched"],
  handling: ["处置中", "being handled"],
  fed_back: ["已反馈", "fed back"],
  verification: ["核查", "verification"],
  closed: ["已结案", "closed"],
};
export const ACTS = {
  accept: ["接单", "Accept"],
  arrive: ["到场", "Arrived"],
  photo: ["拍照", "Photo"],
  feed_back: ["已处置", "Done"],
  note: ["备注", "Note"],
};
export const PROBLEMS = {
  "E-LINKS-001": "链接已过期，请向指挥中心索取新链接。",
  "E-LINKS-002": "链接无效，请从原消息中打开。",
  "E-LINKS-003": "链接不完整，请从原消息中打开。",
  "E-LINKS-006": "此步骤已经办理过。",
  "E-LINKS-007": "案件已转由其他单位处置。",
  "E-LINKS-008": "尝试次数过多，请稍后再试。",
  "E-LINKS-009": "次数已达上限，请联系指挥中心。",
  "E-CASE-002": "案件已结案。",
  "E-CASE-003": "案件当前阶段不能这样办理。",
  "E-PHOTO-001": "照片太大，请缩小后再发。",
  "E-PHOTO-002": "这不是照片。",
  "E-PHOTO-003": "照片已损坏，请重拍。",
  "E-PHOTO-004": "照片像素过高，请缩小后再发。",
  "E-PHOTO-005": "不支持这种格式，请用 JPEG。",
};
export const UNSENT = ["没有发出，请检查网络后再按一次。", "Not sent. Check the network and press again."];
