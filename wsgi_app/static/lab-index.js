// The lab's front page: copies its lines, sends its requests and shows what came back, and loads the sources.

const LONGEST = 4000; // characters of a body that are shown
const MOST_BYTES = 1_000_000; // of a body that is not text, which is only measured
const PATIENCE_MS = 30_000;
const TEXT = /^text\/|^application\/(.+\+)?(json|xml)\b/;

const root = document.documentElement.dataset.root;

function make(tag, text, attributes = {}) {
  const made = Object.assign(document.createElement(tag), { textContent: text });
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Lines that may be long: a keyboard can scroll them. */
const lines = (text, label) => make("pre", text, { tabindex: 0, role: "region", "aria-label": label });

const headerLines = headers => [...headers].map(([name, value]) => `${name}: ${value}\n`).join("");

async function copy(line, button) {
  getSelection().selectAllChildren(line); // where a page may not copy, a person can
  try {
    await navigator.clipboard.writeText(line.textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Selected";
  }
}

/** Show a body as it arrives, text as text and anything else as its size; says whether that was all of it. */
async function showBody(response, place) {
  const isText = TEXT.test(response.headers.get("Content-Type") ?? "");
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  for (let part; reader && !(part = await reader.read()).done; ) {
    bytes += part.value.length;
    if (isText) place.append(decoder.decode(part.value, { stream: true }));
    if (isText ? place.textContent.length > LONGEST : bytes > MOST_BYTES) {
      place.textContent = isText ? `${place.textContent.slice(0, LONGEST)}\n...` : `more than ${MOST_BYTES} bytes`;
      await reader.cancel();
      return false;
    }
  }
  if (bytes === 0) place.textContent = "no body";
  else if (!isText) place.textContent = `${bytes} bytes`;
  return true;
}

/** Send a request and show both sides of it; cookies stay at home, and so does the browser's own sign-in. */
async function send({ method, path, headers = {}, body = "" }, answer) {
  const address = root + path;
  const sent = `${method} ${address}\n${headerLines(Object.entries(headers))}${body && `\n${body}`}`;
  const state = make("p", "waiting ...", { role: "status" });
  answer.replaceChildren(make("h3", "Sent, with headers of the browser's own"), lines(sent, "Request"), state);
  const started = performance.now();
  const took = () => `${Math.round(performance.now() - started)} ms`;
  try {
    const response = await fetch(address, {
      method, headers, body: body || null, credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const place = lines("", "Body of the answer");
    const elsewhere = response.redirected ? `Sent on to ${response.url}: ` : "";
    state.textContent = `${elsewhere}${response.status} ${response.statusText} after ${took()}`;
    answer.append(lines(headerLines(response.headers), "Headers of the answer"), place);
    const isWhole = await showBody(response, place);
    state.textContent += `, ${isWhole ? "whole" : "cut"} after ${took()}`;
  } catch (error) {
    state.textContent += ` No more came after ${took()}: ${error.message}`;
  }
}

/** What there is to send: a link, or more, which is told beside it; nothing where a script cannot send it. */
function requestOf(item) {
  const line = item.querySelector(item.dataset.sends ? "b" : "a");
  if (!line) return null;
  const [method, path] = line.textContent.split(" ");
  return { method, path, ...JSON.parse(item.dataset.sends ?? "{}") };
}

for (const line of document.querySelectorAll(".exhibit pre")) {
  const item = line.closest("li");
  const request = requestOf(item);
  const tools = make("div", "", { class: "toolbar" });
  const copies = make("button", "Copy", { class: "quiet", type: "button", "aria-label": `Copy: ${line.textContent}` });
  copies.addEventListener("click", () => copy(line, copies));
  tools.append(copies);
  item.append(tools);
  if (!request) continue;
  const tries = make("button", "Try it", { class: "quiet", type: "button", "aria-label": `Try it: ${request.method} ${request.path}` });
  const answer = make("div", "", { class: "answer" });
  tries.addEventListener("click", async () => {
    tries.disabled = true;
    await send(request, answer);
    tries.disabled = false;
  });
  tools.prepend(tries);
  item.append(answer);
}

/** The source of an exhibit, below the link to it. */
async function load(details) {
  const link = details.querySelector("a");
  const response = await fetch(link.href);
  if (response.ok) details.append(lines(await response.text(), link.textContent));
}

for (const details of document.querySelectorAll(".exhibit details")) {
  details.addEventListener("toggle", () => load(details), { once: true });
}

// Where it has a column of its own, it opens as soon as it is seen.
const seen = new IntersectionObserver(entries => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    target.open = true;
    seen.unobserve(target);
  }
});
if (matchMedia("(min-width: 70rem)").matches) {
  for (const details of document.querySelectorAll(".exhibit details")) seen.observe(details);
}
