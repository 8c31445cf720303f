"use strict";

// The simulator tells each change as it happens; this page draws it, and sends presses and choices back.

const LAMPS = ["yellow", "green", "red"];
const KEPT_LINES = 200;
const SHORTEST_PRESS_MS = 60; // below the device's debounce a press would count as a glitch
const AGAIN_MS = 1000;
const LIVE_MS = 400;
const NEAR_END_PX = 24;

const part = (id) => document.getElementById(id);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const spoken = (name) => name.replace(/\.jpe?g$/i, "").replace(/[-_]+/g, " ");

function post(path, value) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(value),
    keepalive: true,
  });
}

// ---- The connection

function connect() {
  const events = new EventSource("events");
  events.onopen = () => { setLost(false); loadChoices(); };
  events.onmessage = (message) => draw(JSON.parse(message.data));
  events.onerror = () => {
    events.close();
    setLost(true);
    setTimeout(connect, AGAIN_MS);
  };
}

function setLost(lost) {
  part("lost").hidden = !lost;
  part("scene").classList.toggle("asleep", lost);
  if (lost) {
    part("words").textContent = "Not connected.";
    LAMPS.forEach((lamp) => setLamp(lamp, false));
    setRelay(false);
  }
}

// ---- Drawing

let chosen = null;

function draw(scene) {
  part("scene").dataset.state = scene.state;
  if (part("words").textContent !== scene.words) part("words").textContent = scene.words;
  LAMPS.forEach((lamp) => setLamp(lamp, scene.lamps.includes(lamp)));
  part("buzzer").classList.toggle("on", scene.lamps.includes("buzzer"));
  setRelay(scene.relay);
  part("presses").textContent = `${scene.presses} ${scene.presses === 1 ? "press" : "presses"}`;
  part("ignored").textContent = `· ${scene.ignored} ignored`;
  part("ignored").hidden = scene.ignored === 0;
  if (scene.anew) part("log").replaceChildren();
  addLines(scene.lines);
  if (scene.chosen !== chosen) {
    chosen = scene.chosen;
    showChosen();
  }
}

function setLamp(name, on) {
  const lamp = part(name);
  if (lamp.classList.contains("on") === on) return;
  lamp.classList.toggle("on", on);
  const colour = name[0].toUpperCase() + name.slice(1);
  lamp.querySelector(".glass").setAttribute("aria-label", `${colour} lamp: ${on ? "on" : "off"}`);
}

function setRelay(open) {
  part("scene").classList.toggle("open", open);
  const words = open ? "Door open" : "Door shut";
  if (part("relay").textContent !== words) part("relay").textContent = words;
}

function addLines(lines) {
  if (lines.length === 0) return;
  const log = part("log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
  log.append(...lines.map(lineOf));
  while (log.children.length > KEPT_LINES) log.firstChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function lineOf(line) {
  const item = document.createElement("li");
  item.className = line.level;
  const clock = document.createElement("time");
  clock.textContent = line.clock;
  const level = document.createElement("b");
  level.textContent = line.level;
  const text = document.createElement("span");
  text.textContent = line.text;
  item.append(clock, level, text);
  return item;
}

// ---- The camera

let live = false;

async function loadChoices() {
  const answer = await fetch("choices").catch(() => null);
  if (!answer || !answer.ok) return;
  const told = await answer.json();
  live = told.live;
  part("people").hidden = told.choices.length === 0;
  part("strip").replaceChildren(...told.choices.map(personOf));
  chosen = told.chosen;
  showChosen();
}

function personOf(name, index) {
  const label = document.createElement("label");
  label.className = "person";
  const radio = document.createElement("input");
  radio.type = "radio";
  radio.name = "person";
  radio.value = name;
  radio.addEventListener("change", () => post("camera", { choose: name }).catch(() => {}));
  const face = document.createElement("img");
  face.src = `photos/${index}`;
  face.alt = "";
  face.loading = "lazy";
  face.width = 96;
  face.height = 72;
  const caption = document.createElement("span");
  caption.textContent = spoken(name);
  label.append(radio, face, caption);
  return label;
}

function showChosen() {
  for (const radio of document.querySelectorAll("#strip input")) {
    radio.checked = radio.value === chosen;
    if (radio.checked) bringIntoView(radio.parentElement);
  }
  part("caption").textContent = live ? "Live from the webcam" : spoken(chosen || "Camera");
  showPicture();
}

function bringIntoView(person) {
  const strip = part("strip");
  const left = person.offsetLeft - strip.offsetLeft;
  if (left < strip.scrollLeft || left + person.offsetWidth > strip.scrollLeft + strip.clientWidth) {
    strip.scrollLeft = left - (strip.clientWidth - person.offsetWidth) / 2;
  }
}

let pictures = 0;
let refreshing = 0;

function refreshIn(ms) {
  clearTimeout(refreshing);
  if (live) refreshing = setTimeout(refresh, ms);
}

function showPicture() {
  pictures += 1;
  part("camera").src = `camera.jpg?${pictures}`;
}

function refresh() {
  if (document.hidden || !part("lost").hidden) refreshIn(LIVE_MS);
  else showPicture();
}

function pictureCame(came) {
  part("camera").hidden = !came;
  part("no-picture").hidden = came;
  refreshIn(came ? LIVE_MS : AGAIN_MS);
}

part("camera").addEventListener("load", () => pictureCame(true));
part("camera").addEventListener("error", () => pictureCame(false));

// ---- The button: held for as long as it is held here

const button = part("button");
let holder = null; // what holds it down: "pointer" or a key
let heldAt = -Infinity; // until when one of these held it
let sending = Promise.resolve(); // one after the other, so that no release overtakes its press

function hold(by) {
  if (holder !== null) return;
  holder = by;
  button.classList.add("down");
  sending = sending.then(() => post("button", { down: true })).catch(() => {});
  sending = sending.then(() => wait(SHORTEST_PRESS_MS));
}

function letGo(by) {
  if (holder === null || (by && holder !== by)) return;
  holder = null;
  heldAt = performance.now();
  button.classList.remove("down");
  sending = sending.then(() => post("button", { down: false })).catch(() => {});
}

const isKey = (event) => event.code === "Space" || event.code === "Enter" || event.code === "NumpadEnter";

button.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  button.setPointerCapture(event.pointerId);
  hold("pointer");
});
for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
  button.addEventListener(name, () => letGo("pointer"));
}
button.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long touch
button.addEventListener("click", () => {
  // A screen reader's press is neither a pointer's nor a key's.
  if (holder === null && performance.now() - heldAt > AGAIN_MS) { hold("click"); letGo("click"); }
});

document.addEventListener("keydown", (event) => {
  if (!isKey(event) || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target !== button && event.target !== document.body) return;
  event.preventDefault();
  if (!event.repeat) hold(event.code);
});
document.addEventListener("keyup", (event) => {
  if (isKey(event)) {
    if (event.target === button) event.preventDefault(); // or it would click too
    letGo(event.code);
  }
});
for (const name of ["blur", "pagehide"]) window.addEventListener(name, () => letGo());
button.addEventListener("blur", () => letGo());
document.addEventListener("visibilitychange", () => { if (document.hidden) letGo(); });

connect();
