// The dashboard while it is looked at: visits slide in, numbers count up, lamps change, messages appear.

import { connect } from "./live.js";
import { pageNow, replaceParts } from "./parts.js";

const MOST_CARDS = 48;
const MOST_MESSAGES = 100;
const REFRESH_MS = 1500;

const root = document.documentElement.dataset.root;
const find = (id) => document.getElementById(id);
const house = find("house").dataset;
const words = find("words").content;
const timeZone = house.timezone || undefined;
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone });
const timeOfDay = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone });

let latest = Number(house.after); // number of the latest event
let counted = latest; // number of the event up to which the server has counted
let told = new Set(); // visits that it counted besides, which came while it made the page
let refreshing;

function wordOf(word) {
  const found = words.querySelector(`[data-word="${CSS.escape(word)}"]`);
  return { text: found?.textContent ?? word, light: found?.className ?? "" };
}

function copyOf(id) {
  return find(id).content.firstElementChild.cloneNode(true);
}

function setTime(element, at, format) {
  element.dateTime = at;
  element.textContent = format.format(new Date(at));
}

// A door without a token has its address for a name: "address:192.0.2.7".
function doorOf({ device }) {
  return device.slice(device.indexOf(":") + 1);
}

function cardOf(visit) {
  const card = copyOf("card");
  const { text, light } = wordOf(visit.outcome);
  const address = `${root}/visits/${encodeURIComponent(visit.id)}`;
  if (light) card.classList.add(light);
  card.dataset.visit = visit.id;
  card.querySelector("a").href = address;
  card.querySelector("img").src = `${address}/thumbnail`;
  const who = visit.person?.name ?? text;
  card.querySelector("img").alt = `Photo of ${who}`;
  card.querySelector(".who").textContent = who;
  setTime(card.querySelector("time"), visit.at, moment);
  const how = visit.person ? [text, doorOf(visit)] : [doorOf(visit)];
  card.querySelector("[data-how]").textContent = how.join(" · ");
  return card;
}

function countUp(element) {
  element.textContent = Number(element.textContent) + 1;
}

function count(visit) {
  const tile = document.querySelector(`[data-outcomes~="${CSS.escape(visit.outcome)}"]`);
  if (tile) {
    countUp(tile.querySelector("strong"));
    tile.classList.add("moved");
  }
  const waiting = find("waiting");
  if (visit.outcome === waiting.dataset.outcome) {
    countUp(waiting.querySelector("[data-count]"));
    waiting.hidden = false;
  }
}

function visitCame({ number, visit }) {
  if (!visit || document.querySelector(`[data-visit="${CSS.escape(visit.id)}"]`)) return;
  if (new Date(visit.at) >= new Date(house.until)) {
    location.reload(); // a new day: its counts begin at nothing
    return;
  }
  find("quiet")?.remove();
  const cards = find("visits");
  cards.prepend(cardOf(visit));
  while (cards.children.length > MOST_CARDS) cards.lastElementChild.remove();
  if (number > counted && !told.has(visit.id)) count(visit);
  const { text } = wordOf(visit.outcome);
  find("arrival").textContent = [visit.person?.name, text, doorOf(visit)].filter(Boolean).join(", ");
}

function visitRemoved({ subject }) {
  document.querySelector(`[data-visit="${CSS.escape(subject)}"]`)?.remove();
  refreshSoon();
}

function doorChanged({ subject, action }) {
  const door = document.querySelector(`[data-door="${CSS.escape(subject)}"]`);
  if (!door || !words.querySelector(`[data-word="${CSS.escape(action)}"]`)) {
    refreshSoon(); // one that is new, or gone
    return;
  }
  const lamp = door.querySelector(".lamp");
  const { text, light } = wordOf(action);
  lamp.textContent = text;
  lamp.className = `lamp ${light}`;
  refreshSoon(); // what is said of the silent ones
}

function messageSaid({ number, at, by, text, echo }) {
  if (document.querySelector(`[data-message="${number}"]`)) return; // said while the page was made
  const message = copyOf("message");
  message.classList.toggle("own", Boolean(echo));
  message.querySelector("[data-by]").textContent = echo ? "you" : by;
  message.querySelector("[data-text]").textContent = text;
  setTime(message.querySelector("time"), at, timeOfDay);
  const messages = find("messages");
  messages.append(message);
  while (messages.children.length > MOST_MESSAGES) messages.firstElementChild.remove();
  showNewest();
}

function showNewest() {
  const log = find("messages").parentElement;
  log.scrollTop = log.scrollHeight;
}

// What seldom changes is taken from the page as the server makes it now, unless it is behind what came since.
function refreshSoon() {
  refreshing ??= setTimeout(refresh, REFRESH_MS * Math.random());
}

async function refresh() {
  refreshing = undefined;
  const page = await pageNow();
  if (!page) return;
  const upTo = Number(page.getElementById("house").dataset.after);
  if (upTo < latest) {
    refreshSoon();
    return;
  }
  counted = upTo;
  told = new Set([...page.querySelectorAll("[data-visit]")].map((card) => card.dataset.visit));
  replaceParts(page);
}

const heard = { "visit came": visitCame, "visit removed": visitRemoved, "message said": messageSaid };

function onEvent(event) {
  latest = event.number;
  if (event.kind === "device") doorChanged(event);
  else (heard[`${event.kind} ${event.action}`] ?? refreshSoon)(event);
}

// The feed names those who can talk; whoever looks is here too.
function onPresent(names) {
  const chips = [...new Set([...names, house.you])].map((name) => {
    const chip = document.createElement("span");
    chip.className = "chip";
    chip.textContent = name;
    return chip;
  });
  find("present").replaceChildren(...chips);
}

function onState(state) {
  const { text, light } = wordOf(`feed ${state}`);
  const lamp = find("state");
  lamp.textContent = text;
  lamp.className = `lamp ${light}`;
  lamp.hidden = false;
}

function onRefused(message) {
  find("unsaid").textContent = message;
  find("unsaid").hidden = false;
}

const feed = connect({ after: latest, onEvent, onPresent, onState, onRefused });
showNewest();

find("say")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.text;
  if (!field.value.trim()) return;
  find("unsaid").hidden = true;
  feed.say(field.value);
  field.value = "";
});
