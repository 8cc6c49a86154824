/** What this browser remembers of how one likes the board. Where it may keep nothing, it forgets with the page. */

const forThisPage = new Map();

function unlessOurs(error) {
  if (!(error instanceof DOMException)) throw error;
}

export function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch (error) {
    unlessOurs(error);
    return forThisPage.get(name) ?? null;
  }
}

export function keep(name, text) {
  try {
    localStorage.setItem(name, text);
  } catch (error) {
    unlessOurs(error);
    forThisPage.set(name, text);
  }
}
