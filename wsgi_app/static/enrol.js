// Adding photos to a person: each is scaled down where it is large, sent by itself, and its row says what became of it.

import { walkUp } from "./camera.js";
import { pageNow, replaceParts } from "./parts.js";

const MOST_PHOTOS = 100;
const MOST_BYTES = 8 * 1024 * 1024; // as the server takes
const LONGEST_SIDE = 2000;
const JPEG_QUALITY = 0.92;
const DOUBTS = ["like_another", "unlike_own"]; // in spite of which one may insist

const section = document.getElementById("enrol");
const summary = section.querySelector("[data-summary]");
const progress = section.querySelector("progress");
const results = section.querySelector(".results");
const rowTemplate = document.getElementById("enrol-row");
const queue = [];
let sending = false;
let shown = 0; // how many of those that were enrolled here the page shows
let leftOut = ""; // what is to be said of photos beyond the most
const counts = { all: 0, done: 0, enrolled: 0 };

// Send a photo to the server; the answer's status, and its JSON where it has one.
async function send(address, field, photo, name) {
  const form = new FormData();
  form.append(field, photo, name);
  return post(address, form);
}

async function post(address, form) {
  const csrf = document.documentElement.dataset.csrf;
  const headers = { Accept: "application/json", ...(csrf ? { "X-CSRF-Token": csrf } : {}) };
  const answer = await fetch(address, { method: "POST", body: form, headers });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}

// The photo as it is sent: itself, or a smaller JPEG of a large one; null where the browser cannot read it.
async function scaled(photo, canvas) {
  const bitmap = await createImageBitmap(photo).catch(() => null);
  if (bitmap === null) return photo;
  show(bitmap, canvas);
  const share = LONGEST_SIDE / Math.max(bitmap.width, bitmap.height);
  if (share >= 1) {
    bitmap.close();
    return photo;
  }
  const paper = document.createElement("canvas");
  paper.width = Math.round(bitmap.width * share);
  paper.height = Math.round(bitmap.height * share);
  const pen = paper.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, paper.width, paper.height);
  bitmap.close();
  return new Promise((resolve) => paper.toBlob((smaller) => resolve(smaller ?? photo), "image/jpeg", JPEG_QUALITY));
}

// Draw the middle of a picture into a row's preview.
function show(bitmap, canvas) {
  const side = Math.min(bitmap.width, bitmap.height);
  const left = (bitmap.width - side) / 2;
  const top = (bitmap.height - side) / 2;
  canvas.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, canvas.width, canvas.height);
}

// What became of a photo, and what can be done: [light, words, label of the button, doubt to insist on].
function verdict({ status, body }) {
  if (status === 201) return ["green", "enrolled", body?.links?.undo && "Undo"];
  const error = body?.error;
  if (DOUBTS.includes(error?.code)) return ["amber", error.message, "Enrol all the same", error.code];
  if (error && status < 500 && status !== 429) return ["red", error.message];
  return ["amber", error?.message ?? "The server did not answer as it should.", "Try again"];
}

function say(row, light, words, label, links) {
  row.className = light;
  row.querySelector(".why").textContent = words;
  const kept = row.querySelector("a");
  kept.hidden = !links;
  if (links) {
    kept.href = `${links.person}#photos`;
    kept.firstElementChild.src = links.photo;
  }
  const button = row.querySelector("button");
  button.hidden = !label;
  button.textContent = label ?? "";
}

async function enrol({ row, photo, name, accepted }) {
  say(row, "", "is sent");
  try {
    const file = await scaled(photo, row.querySelector("canvas"));
    if (file.size > MOST_BYTES) return say(row, "red", "This file is larger than 8 MB; use a smaller photo.");
    const query = accepted.length ? `?accept=${accepted.join(",")}` : "";
    const answer = await send(section.dataset.faces + query, "file", file, name);
    const [light, words, label, doubt] = verdict(answer);
    if (answer.status === 201) counts.enrolled += 1;
    say(row, light, words, label, answer.body?.error?.links);
    if (answer.body?.links?.undo) offerUndo(row, answer.body.links.undo);
    else if (label) offer(row, { row, photo, name, accepted: doubt ? [...accepted, doubt] : accepted });
  } catch {
    say(row, "amber", "The server could not be reached.", "Try again");
    offer(row, { row, photo, name, accepted });
  }
}

function offer(row, task) {
  const button = row.querySelector("button");
  button.onclick = () => {
    button.onclick = null; // pressed twice, it is one try
    button.hidden = true;
    counts.done -= 1;
    queue.push(task);
    work();
  };
}

// Offer to take an enrolment back, for as long as the server does.
function offerUndo(row, address) {
  const button = row.querySelector("button");
  button.onclick = async () => {
    button.onclick = null;
    button.hidden = true;
    try {
      const { status, body } = await post(address);
      if (status !== 204) return say(row, "amber", body?.error?.message ?? "The server did not answer as it should.");
      say(row, "", "undone");
      counts.enrolled -= 1;
      tell();
      await showEnrolled();
    } catch {
      say(row, "green", "enrolled; the server could not be reached.", "Undo");
      offerUndo(row, address);
    }
  };
}

async function work() {
  tell();
  if (sending) return;
  sending = true;
  while (queue.length) {
    await enrol(queue.shift());
    counts.done += 1;
    tell();
  }
  sending = false;
  if (counts.enrolled > shown) await showEnrolled();
}

// The photos as the server has them now, in place of those that the page began with.
async function showEnrolled() {
  const upTo = counts.enrolled;
  const page = await pageNow();
  if (!page) return;
  replaceParts(page);
  shown = upTo;
}

function tell() {
  progress.max = counts.all;
  progress.value = counts.done;
  const left = counts.all - counts.done;
  const waiting = left ? `, ${left} to go` : "";
  summary.textContent = `${counts.enrolled} of ${counts.all} enrolled${waiting}.${leftOut}`;
}

// Take photos into the queue: files, or shots of the camera.
function take(photos) {
  const some = [...photos].slice(0, MOST_PHOTOS);
  if (!some.length) return;
  section.querySelector(".uploads").hidden = false;
  for (const photo of some) {
    const row = rowTemplate.content.cloneNode(true).firstElementChild;
    row.querySelector(".who").textContent = photo.name;
    results.append(row);
    queue.push({ row, photo, name: photo.name, accepted: [] });
  }
  counts.all += some.length;
  const over = photos.length - some.length;
  leftOut = over ? ` ${over} more were left out: at most ${MOST_PHOTOS} at once.` : "";
  work();
}

function watchFiles() {
  const drop = section.querySelector(".drop");
  const input = drop.querySelector("input");
  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
  // A photo that misses the box must not take its page away.
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
}

watchFiles();
walkUp(section, (photo) => send(section.dataset.look, "image", photo, "frame.jpg"), take);
