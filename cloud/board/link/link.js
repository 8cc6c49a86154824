/** The page behind a signed link: one case, and what its unit does to it with a thumb.
 *
 * Opening the page changes nothing, whatever the address asks for; every act is asked about once more.
 * A photo is kept on the phone until the cloud has it. All texts of a case are set as text, never as markup.
 */
import { outbox, sendWaiting } from "./outbox.js";
import { ACTS, LEVELS, PROBLEMS, STAGES, UNSENT } from "./words.js";

const api = `/api/v1/links/${location.pathname.split("/").pop()}`;
const ASKED = { done: "feed_back" }; // the buttons of a message say `?act=done`
const WAIT_MS = 20_000;

const page = document.querySelector("main");
let view = null;
let asked = ""; // the act that is being asked about
let photo = null; // the file that is being asked about
let waiting = []; // photos that the cloud does not have yet
let sent = 0; // of the photo under way, a share
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

async function ask(path, options = {}) {
  const answer = await fetch(api + path, { ...options, signal: AbortSignal.timeout(WAIT_MS), credentials: "omit" });
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

/** The photo is safe on this phone before anything is sent. */
async function keep() {
  if (isBusy) return;
  isBusy = true; // to make it smaller takes a while, and an impatient thumb presses twice
  show();
  await outbox.add(view.number, photo);
  isBusy = false;
  photo = null;
  said = null;
  waiting = await outbox.of(view.number);
  show();
  deliver();
}

/** Sends what waits, oldest first, for as long as it takes. */
function deliver() {
  return sendWaiting(view.number, `${api}/photos`, async ({ share = 0, isDone, refused }) => {
    sent = share;
    if (isDone || refused) {
      said = refused ? told(refused) : ["照片已发送", "Photo sent", false];
      waiting = await outbox.of(view.number);
      await load();
      if (!asked) return show(); // a note that is being written keeps the keyboard
    }
    page.querySelector(".waiting")?.replaceWith(pending() ?? "");
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
  if (photo) return question("发送这张照片？", "Send this photo?", keep, preview());
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

/** What waits on this phone, and how far the one under way is. */
function pending() {
  if (waiting.length === 0) return null;
  const words = sent > 0 ? `${Math.round(sent * 100)} %` : "等网络 waiting for the network";
  const [zh, en] = outbox.isHeld() ? ["，请勿关闭此页", "in this page alone: keep it open"] : ["", "kept on this phone"];
  const said = make("small", { lang: "en" }, `${waiting.length} photos to send, ${en} · ${words}`);
  return make("p", { className: "waiting", role: "status" }, make("b", {}, `${waiting.length} 张照片待发送${zh}`), said);
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
    pending(),
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
if (view) waiting = await outbox.of(view.number);
show();
if (view) deliver();
