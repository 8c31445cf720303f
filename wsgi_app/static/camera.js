// Walk-up: a few seconds of the browser's camera, of which the three best and different shots are offered.

const SECONDS = 4;
const EVERY_MS = 333;
const SHOTS = 3;
const APART_MS = 600; // between two shots
const DIFFERENCE = 0.02; // of place, size and turn, in face widths: less is the same instant again
// What the server asks of an enrolled face (vision/pipeline.py, ENROLMENT), so that it refuses none of these.
const STANDARD = { size_px: 64, brightness: 40, sharpness: 10, yaw: 0.35 };
const NO_CAMERA =
  "A browser lends its camera to pages over https alone, or on the server's own machine. Open this page " +
  "over https, or take photos with the camera's own app and choose them above.";

// Why a frame cannot be a shot, or "" where it can.
function fault(found) {
  const [face, second] = found.faces;
  if (!face) return "there was no face";
  if (second && size(second) >= size(face) / 2) return "there were several people";
  const { size_px, brightness, sharpness, yaw } = face.quality;
  if (size_px < STANDARD.size_px) return "the face was too far away";
  if (brightness < STANDARD.brightness) return "it was too dark";
  if (sharpness < STANDARD.sharpness) return "the face was not clear enough";
  if (Math.abs(yaw) > STANDARD.yaw) return "the face looked to the side";
  return "";
}

function size(face) {
  return Math.min(face.box.width, face.box.height);
}

// How good a frame is: sharp, near, and looking ahead.
function goodness({ face }) {
  return Math.log(face.quality.sharpness) + Math.log(size(face)) - 2 * Math.abs(face.quality.yaw);
}

function difference(one, other) {
  const moved = ["left", "top", "width"].map((side) => Math.abs(one.face.box[side] - other.face.box[side]));
  const turned = Math.abs(one.face.quality.yaw - other.face.quality.yaw);
  return moved.reduce((sum, each) => sum + each, 0) / one.face.box.width + turned;
}

// The best frames, no two of the same instant.
export function choose(frames) {
  const chosen = [];
  for (const frame of [...frames].sort((one, other) => goodness(other) - goodness(one))) {
    const isNew = chosen.every(
      (each) => Math.abs(each.at - frame.at) >= APART_MS && difference(each, frame) >= DIFFERENCE,
    );
    if (isNew && chosen.length < SHOTS) chosen.push(frame);
  }
  return chosen.sort((one, other) => one.at - other.at);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function frameOf(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

// The word that occurs most.
function commonest(words) {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0] ?? "the camera showed nothing";
}

// Wire the walk-up: look asks the server what is in a frame, take enrols the shots.
export function walkUp(section, look, take) {
  const stage = section.querySelector(".walk-up");
  const video = stage.querySelector("video");
  const status = stage.querySelector("[data-camera]");
  const list = stage.querySelector(".shots");
  const buttons = Object.fromEntries([...section.querySelectorAll("[data-do]")].map((each) => [each.dataset.do, each]));
  const template = document.getElementById("enrol-shot");
  let stream = null;
  let round = 0;
  let shots = [];

  async function open() {
    stage.hidden = false;
    buttons.open.disabled = true;
    buttons.close.focus();
    if (!navigator.mediaDevices?.getUserMedia) return noCamera(NO_CAMERA);
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 } } });
    } catch (error) {
      const refused = error.name === "NotAllowedError";
      return noCamera(refused ? "The browser was told not to lend the camera; allow it for this page." : "There is no camera that can be used.");
    }
    video.hidden = false;
    video.srcObject = stream;
    await video.play();
    return shoot();
  }

  function noCamera(words) {
    video.hidden = true;
    status.textContent = words;
  }

  async function shoot() {
    const mine = ++round;
    showShots([]);
    buttons.again.hidden = true;
    const looks = [];
    for (let at = 0; at < SECONDS * 1000 && mine === round; at += EVERY_MS) {
      status.textContent = `Look into the camera and move your head a little: ${Math.ceil(SECONDS - at / 1000)} s`;
      const photo = await frameOf(video);
      if (photo) looks.push(seen(photo, at));
      await pause(EVERY_MS);
    }
    if (mine !== round) return;
    status.textContent = "The shots are looked at.";
    const frames = await Promise.all(looks);
    if (mine !== round) return;
    const good = frames.filter((frame) => frame.fault === "");
    showShots(choose(good));
    buttons.again.hidden = false;
    tell(frames);
  }

  async function seen(photo, at) {
    const { status: code, body } = await look(photo).catch(() => ({ status: 0, body: null }));
    if (code !== 200) return { fault: body?.error?.message ?? "the server could not be reached" };
    return { photo, at, face: body.faces[0], fault: fault(body) };
  }

  function tell(frames) {
    if (!shots.length) status.textContent = `No shot was good enough: ${commonest(frames.map((frame) => frame.fault))}.`;
    else if (shots.length < SHOTS) status.textContent = "More shots would be better: move your head a little while it looks.";
    else status.textContent = "These are the best.";
    if (shots.length) buttons.enrol.focus();
  }

  function showShots(chosen) {
    for (const image of list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    list.replaceChildren();
    shots = chosen;
    for (const [at, shot] of chosen.entries()) {
      const item = template.content.cloneNode(true).firstElementChild;
      const image = item.querySelector("img");
      image.src = URL.createObjectURL(shot.photo);
      image.alt = `Shot ${at + 1}`;
      item.querySelector("figcaption").textContent = `Shot ${at + 1}`;
      list.append(item);
    }
    buttons.enrol.hidden = !chosen.length;
  }

  function close() {
    round += 1;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    showShots([]);
    stage.hidden = true;
    buttons.again.hidden = true;
    buttons.open.disabled = false;
    buttons.open.focus();
  }

  buttons.open.addEventListener("click", open);
  buttons.again.addEventListener("click", shoot);
  buttons.close.addEventListener("click", close);
  buttons.enrol.addEventListener("click", () => {
    const files = shots.map((shot, at) => new File([shot.photo], `shot-${at + 1}.jpg`, { type: "image/jpeg" }));
    close();
    take(files);
  });
}
