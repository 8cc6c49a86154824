/** The page behind a signed link: one case, and what its unit does to it with a thumb.
 *
 * Opening the page changes nothing, whatever the address asks for; every act is asked about once more.
 * All texts of a case are set as text, never as markup.
 */

const api = `/api/v1/links/${location.pathname.split("/").pop()}`;
const ASKED = { done: "feed_back" }; // the buttons of a message say `?act=done`
const LEVELS = {
  red: ["▲", "红色 Ⅰ级", "Red Ⅰ"],
  orange: ["◆", "橙色 Ⅱ级", "Orange Ⅱ"],
  yellow: ["■", "黄色 Ⅲ级", "Yellow Ⅲ"],
  blue: ["●", "蓝色 Ⅳ级", "Blue Ⅳ"],
};
const STAGES = {
  reported: ["上报", "reported"],
  filed: ["立案", "filed"],
  dispatched: ["派遣", "dispatched"],
  handling: ["处置中", "being handled"],
  fed_back: ["已反馈", "fed back"],
  verification: ["核查", "verification"],
  closed: ["已结案", "closed"],
};
const ACTS = {
  accept: ["接单", "Accept"],
  arrive: ["到场", "Arrived"],
  photo: ["拍照", "Photo"],
  feed_back: ["已处置", "Done"],
  note: ["备注", "Note"],
};
const PROBLEMS = {
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
const UNSENT = ["没有发出，请检查网络后再按一次。", "Not sent. Check the network and press again."];
const WAIT_MS = 20_000;
const PHOTO_WAIT_MS = 300_000;

const page = document.querySelector("main");
let view = null;
let asked = ""; // the act that is being asked about
let photo = null; // the file that is being asked about
let note = "";
let isBusy = false;
let said = null; // [Chinese, English, is it bad?]

/** An element; what is not an element becomes text. */
function make(name, settings = {}, ...children) {
  const made = Object.assign(document.createElement(name), settings);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function both([zh, en]) {
  return [make("b", {}, zh), make("small", { lang: "en" }, en)];
}

function time(time_ns) {
  const asDate = new Date(time_ns / 1e6);
  return asDate.toLocaleString("zh-CN", { timeZone: "Asia/Shanghai", dateStyle: "medium", timeStyle: "short" });
}

async function ask(path, options = {}, wait_ms = WAIT_MS) {
  const answer = await fetch(api + path, { ...options, signal: AbortSignal.timeout(wait_ms), credentials: "omit" });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.what), body);
  return body;
}

/** What went wrong, for a person. */
function told(problem) {
  if (!problem.code || problem.name === "TimeoutError" || problem.name === "AbortError") return [...UNSENT, true];
  return [PROBLEMS[problem.code] ?? "办理未成功。", `${problem.what} ${problem.fix}`, true];
}

async function load() {
  try {
    view = await ask("/");
  } catch (problem) {
    said = told(problem);
    if (problem.code) view = null;
  }
}

/** One request at a time; the case is shown as it is afterwards, also when another has been faster. */
async function run(work) {
  if (isBusy) return;
  isBusy = true;
  said = null;
  show();
  try {
    await work();
    asked = note = "";
    photo = null;
  } catch (problem) {
    said = told(problem);
    if (problem.code) {
      asked = "";
      photo = null;
      await load();
    }
  }
  isBusy = false;
  show();
}

function act(kind) {
  if (kind === "note" && !note.trim()) return page.querySelector("textarea").focus();
  const photos = kind === "feed_back" ? view.photos : [];
  const body = JSON.stringify({ act: kind, note, photos });
  return run(async () => {
    view = await ask("/acts", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    said = [`已${kind === "note" ? "记录" : "办理"}：${ACTS[kind][0]}`, `${ACTS[kind][1]}: recorded`, false];
  });
}

function send() {
  const headers = { "Content-Type": photo.type || "image/jpeg" };
  return run(async () => {
    await ask("/photos", { method: "POST", headers, body: photo }, PHOTO_WAIT_MS);
    await load();
    said = ["照片已发送", "Photo sent", false];
  });
}

function fact(zh, en, value) {
  return value ? make("div", {}, make("dt", {}, zh, make("small", { lang: "en" }, en)), make("dd", {}, value)) : null;
}

function where() {
  if (view.longitude === null) return "";
  const text = `WGS-84 ${view.longitude.toFixed(5)}, ${view.latitude.toFixed(5)}`;
  return make("a", { href: `geo:${view.latitude},${view.longitude}` }, text);
}

function facts() {
  const [zh, en] = STAGES[view.stage] ?? [view.stage, ""];
  return make(
    "dl",
    {},
    fact("案号", "Case", view.number),
    fact("地点", "Place", [view.district, view.street, view.place].filter(Boolean).join(" ")),
    fact("坐标", "Position", where()),
    fact("阶段", "Stage", `${zh} ${en}${view.is_suspended ? " · 挂账 suspended" : ""}`),
    fact("时限", "Due", view.due_ns === null ? "" : `${time(view.due_ns)}（北京时间）`),
    fact("责任单位", "Unit", view.unit_name),
    fact("已办", "Done here", view.done.map((kind) => ACTS[kind].join(" ")).join("，")),
  );
}

/** The buttons, or the one question that is open. */
function controls() {
  if (photo) return question("发送这张照片？", "Send this photo?", send, preview());
  if (asked) {
    const [zh, en] = ACTS[asked];
    return question(`确认“${zh}”？`, `Confirm: ${en}?`, () => act(asked), noteField());
  }
  const buttons = Object.keys(ACTS).filter((kind) => view.can.includes(kind)).map(button);
  if (buttons.length) return make("div", { className: "acts" }, ...buttons);
  return make("p", { className: "quiet" }, "没有可办理的步骤。 Nothing is left to do here.");
}

function button(kind) {
  if (kind === "photo") return chooser();
  const pressed = () => {
    asked = kind;
    said = null;
    show();
  };
  return make("button", { type: "button", className: kind, disabled: isBusy, onclick: pressed }, ...both(ACTS[kind]));
}

/** Named kinds, not `image/*`: an iPhone then hands over a JPEG instead of HEIC. */
function chooser() {
  const chosen = (event) => {
    [photo] = event.target.files;
    said = null;
    show();
  };
  const input = make("input", { type: "file", accept: "image/jpeg,image/png,image/webp", onchange: chosen });
  return make("label", { className: "button photo" }, ...both(ACTS.photo), input);
}

function question(zh, en, yes, more) {
  const no = () => {
    asked = "";
    photo = null;
    show();
  };
  return make(
    "section",
    {},
    make("h2", {}, ...both([zh, en])),
    more,
    make("button", { type: "button", className: "yes", disabled: isBusy, onclick: yes }, ...both(["确认", "Confirm"])),
    make("button", { type: "button", className: "no", disabled: isBusy, onclick: no }, ...both(["取消", "Cancel"])),
  );
}

function noteField() {
  const written = (event) => {
    note = event.target.value;
  };
  const label = asked === "note" ? "备注内容 Note" : "备注（可不填） Note (optional)";
  const field = make("textarea", { rows: 3, maxLength: 2000, value: note, oninput: written });
  return make("label", { className: "note" }, label, field);
}

function preview() {
  const url = URL.createObjectURL(photo);
  const picture = make("img", { src: url, alt: "照片 photo" });
  picture.onload = picture.onerror = () => URL.revokeObjectURL(url);
  return picture;
}

function message() {
  if (!said) return null;
  const [zh, en, isBad] = said;
  return make("p", { className: isBad ? "bad" : "good", role: "status" }, make("b", {}, zh), make("small", { lang: "en" }, en));
}

function show() {
  if (!view) {
    const again = () => run(load);
    const retry = make("button", { type: "button", className: "no", onclick: again }, ...both(["重试", "Try again"]));
    page.replaceChildren(...[message(), isBusy ? null : retry].filter(Boolean));
    return;
  }
  const [shape, zh, en] = LEVELS[view.level];
  const title = view.title_en && view.title_en !== view.title ? make("p", { lang: "en" }, view.title_en) : null;
  const parts = [
    view.is_drill ? make("p", { className: "drill" }, "演练 DRILL") : null,
    make("p", { className: `level ${view.level}` }, make("i", {}, shape), ` ${zh} `, make("small", { lang: "en" }, en)),
    make("h1", {}, view.title),
    title,
    message(),
    controls(),
    facts(),
    make("p", { className: "quiet" }, `链接有效至 ${time(view.expires_ns)} · link valid until then`),
  ];
  page.replaceChildren(...parts.filter(Boolean));
}

await load();
const wanted = new URLSearchParams(location.search).get("act") ?? "";
const kind = ASKED[wanted] ?? wanted;
if (view?.can.includes(kind) && kind !== "photo") asked = kind;
history.replaceState(null, "", location.pathname);
show();
