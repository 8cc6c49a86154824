/** One live stream for all tabs of this browser: over HTTP/1.1 a browser opens six connections to a server, no more. */
import { openStream } from "./event_stream.js";

const tabs = new Set();
let isOpen = false;

const tryNow = openStream(new URL("../api/v1/events", import.meta.url), (news) => {
  if (news.kind !== "events") isOpen = news.kind === "open";
  for (const tab of tabs) tab.postMessage(news);
});

addEventListener("connect", ({ ports: [tab] }) => {
  tabs.add(tab);
  tab.addEventListener("message", ({ data }) => (data === "bye" ? tabs.delete(tab) : tryNow()));
  tab.start();
  if (isOpen) tab.postMessage({ kind: "open" });
});
