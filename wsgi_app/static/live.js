// What happens in the house, while it happens: over a WebSocket, and by asking now and then where none can be had.

const { root, live: address, csrf } = document.documentElement.dataset;

const POLL_MS = 5000;
const LONGEST_WAIT_MS = 10000;
const FAILURES_BEFORE_POLLING = 2;
const JSON_HEADERS = { Accept: "application/json", "Content-Type": "application/json" };

/**
 * Tells a page what happens after the event with the number `after`, the last one that the page shows already.
 *
 * onEvent(event) is called once for each event, in order; onPresent(names) with the operators who are there;
 * onState with "live", "polling" or "lost"; onRefused(message) where something said was not taken.
 * Gives {say(text)}.
 */
export function connect({
  after,
  onEvent = () => {},
  onPresent = () => {},
  onState = () => {},
  onRefused = () => {},
}) {
  const said = new Set(); // subjects of the messages that went over REST
  let last = after;
  let attempt = null; // the newest WebSocket
  let socket = null; // the same, once it has said hello
  let failures = 0;
  let state = null;

  function become(now) {
    if (now !== state) onState((state = now));
  }

  function take({ events = [], last: upTo = last, operators, error, reset }) {
    if (reset) return location.reload();
    for (const event of events.filter(({ number }) => number > last)) {
      last = event.number;
      onEvent(said.has(event.subject) ? { ...event, echo: true } : event);
    }
    last = Math.max(last, upTo);
    if (operators) onPresent(operators);
    if (error) onRefused(error.message);
  }

  function open() {
    const mine = (attempt = new WebSocket(`${address}?after=${last}`));
    const lose = () => {
      if (mine !== attempt) return;
      attempt = socket = null;
      mine.close();
      failures += 1;
      if (failures === FAILURES_BEFORE_POLLING) poll();
      // Not all at once: a feed that starts anew would hear from everybody at the same moment.
      const longest = Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures);
      setTimeout(() => attempt || open(), longest * (0.5 + Math.random() / 2));
    };
    mine.onmessage = ({ data }) => {
      if (mine !== attempt) return;
      socket = mine;
      failures = 0;
      become("live");
      take(JSON.parse(data));
    };
    mine.onclose = mine.onerror = lose;
    setTimeout(() => socket === mine || lose(), LONGEST_WAIT_MS);
  }

  // A phone that slept, or was out of reach, does not know that its connection is gone.
  function renew() {
    if (document.hidden) return;
    const old = attempt;
    socket = null;
    open();
    old?.close();
  }

  async function poll() {
    if (socket || failures < FAILURES_BEFORE_POLLING) return;
    try {
      const answer = await fetch(`${root}/events?after=${last}`, { headers: JSON_HEADERS });
      if (answer.status === 401) return location.reload(); // signed out: the page is not theirs to see
      if (!answer.ok) throw new Error(answer.statusText);
      const page = await answer.json();
      if (!socket) become("polling");
      take(page);
      if (page.events.length) poll();
    } catch {
      if (!socket) become("lost");
    }
  }

  async function say(text) {
    if (socket) return socket.send(JSON.stringify({ say: text }));
    const headers = csrf ? { ...JSON_HEADERS, "X-CSRF-Token": csrf } : JSON_HEADERS;
    try {
      const answer = await fetch(`${root}/messages`, { method: "POST", headers, body: JSON.stringify({ text }) });
      const told = await answer.json();
      if (answer.ok) said.add(told.subject);
      else onRefused(told.error.message);
    } catch {
      onRefused("The server does not answer; try again.");
    }
  }

  open();
  setInterval(poll, POLL_MS);
  document.addEventListener("visibilitychange", renew);
  window.addEventListener("online", renew);
  return { say };
}
