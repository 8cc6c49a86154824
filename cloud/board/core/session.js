/** Who sits here, and what they may do. */
import { batch, signal } from "@preact/signals";

import { door, get, isExpected, post, send } from "./api.js";
import { forget } from "./city.js";
import { reconnect } from "./stream.js";

/** null before it is known, false when nobody is logged in. */
export const who = signal(null);

door.shut = () => {
  door.csrf = "";
  batch(() => {
    who.value = false;
    forget();
  });
};

door.ask = async () => {
  try {
    take(await get("session"));
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
};

function take(found) {
  door.csrf = found.csrf;
  who.value = found;
}

/** Asks who is logged in; somebody may be by a cookie. Tries again while the server cannot be reached. */
export async function enter() {
  for (;;) {
    try {
      return take(await get("session"));
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (who.value === false) return;
    }
    await new Promise((resume) => setTimeout(resume, 1_000));
  }
}

export function may(right) {
  return who.value ? who.value.rights.includes(right) : false;
}

/** Throws a Problem when the name or the password is wrong. */
export async function logIn(name, password) {
  take(await post("session", { name, password }));
  reconnect();
}

export async function logOut() {
  await send("DELETE", "session");
  door.shut();
}
