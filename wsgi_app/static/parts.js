// The parts of a page that are shown anew as the server has them now, each marked with data-part.

/** The same page as the server makes it now; null where it does not answer. */
export async function pageNow() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  return answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
}

/** Show that page's parts in place of those that are shown. */
export function replaceParts(page) {
  for (const part of document.querySelectorAll("[data-part]")) {
    const now = page.querySelector(`[data-part="${part.dataset.part}"]`);
    if (now) part.replaceWith(now);
  }
}
