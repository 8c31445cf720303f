// A room of the lab: connect, send text and bytes, and see every message with its direction, kind and size.

const MOST_ROWS = 200;
const SHOWN_BYTES = 16;
const SAMPLE = Uint8Array.from({ length: 16 }, (_, index) => index);

const address = document.documentElement.dataset.live;
const find = (id) => document.getElementById(id);
const mostBytes = Number(find("refused").dataset.mostBytes);

let socket = null; // the connection, from the press on Connect to its end
let announced = null; // in the room "all", the frame that says whose bytes come next

function show(state) {
  find("state").textContent = state;
  find("connect").disabled = socket !== null;
  find("disconnect").disabled = socket === null;
  find("sending").disabled = socket?.readyState !== WebSocket.OPEN;
}

function connect(room) {
  const mine = (socket = new WebSocket(`${address}?room=${encodeURIComponent(room)}`));
  let wasOpen = false;
  mine.binaryType = "arraybuffer";
  announced = null;
  find("no-hub").hidden = true;
  show("connecting");
  mine.onopen = () => {
    wasOpen = true;
    show(`open, in the room ${room}`);
  };
  mine.onmessage = ({ data }) => (room === "all" ? hear(data) : addRow("received", ...contentOf(data)));
  mine.onclose = ({ code, reason }) => {
    socket = null;
    find("no-hub").hidden = wasOpen;
    show(`closed, code ${code}${reason && `: ${reason}`}`);
  };
}

// What the room "all" sends: JSON that says who did what, and after each kind "binary" the bytes themselves.
function hear(data) {
  if (typeof data !== "string") {
    const [kind, content] = contentOf(data);
    return addRow("received", kind, content, announced);
  }
  const told = JSON.parse(data);
  if (told.kind === "binary") announced = told;
  else if (told.kind === "text") addRow("received", ...contentOf(told.text), told);
  else addRow("received", told.kind, `${told.own ? "you are " : ""}${told.from}; ${told.here} here`);
}

function contentOf(data) {
  if (typeof data === "string") return [`text, ${new TextEncoder().encode(data).length} bytes`, data];
  const bytes = new Uint8Array(data);
  const digits = Array.from(bytes.subarray(0, SHOWN_BYTES), (byte) => byte.toString(16).padStart(2, "0"));
  return [`binary, ${bytes.length} bytes`, digits.join(" ") + (bytes.length > SHOWN_BYTES ? " …" : "")];
}

function addRow(direction, kind, content, told = null) {
  const row = find("log").insertRow(0);
  row.insertCell().textContent = `${direction} ${kind}${told ? `, from ${told.from}` : ""}`;
  if (told?.own) row.cells[0].append(" ", chip("your own copy"));
  const text = document.createElement("bdi"); // what others wrote must not turn around what stands beside it
  text.textContent = content;
  row.insertCell().append(text);
  while (find("log").rows.length > MOST_ROWS) find("log").deleteRow(-1);
  showLog();
}

function showLog() {
  const isEmpty = find("log").rows.length === 0;
  find("messages").hidden = isEmpty;
  find("nothing").hidden = !isEmpty;
}

function chip(text) {
  const made = document.createElement("span");
  made.className = "chip";
  made.textContent = text;
  return made;
}

function isSmallEnough(size) {
  find("refused").textContent = size > mostBytes ? `${size} bytes are too many: at most ${mostBytes}.` : "";
  return size <= mostBytes;
}

function send(data) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(data);
  addRow("sent", ...contentOf(data));
}

find("connection").onsubmit = (event) => {
  event.preventDefault();
  connect(event.target.elements.room.value);
};
find("disconnect").onclick = () => socket.close(1000, "Disconnected by hand.");
find("send-text").onsubmit = (event) => {
  event.preventDefault();
  const text = event.target.elements.text.value;
  if (!isSmallEnough(new TextEncoder().encode(text).length)) return;
  send(text);
  event.target.reset();
};
find("send-file").onsubmit = async (event) => {
  event.preventDefault();
  const [file] = event.target.elements.file.files;
  if (!isSmallEnough(file.size)) return;
  const bytes = await file.arrayBuffer().catch(() => null);
  if (bytes) send(bytes);
  else find("refused").textContent = "This file cannot be read.";
};
find("send-bytes").onclick = () => send(SAMPLE);
find("clear").onclick = () => {
  find("log").replaceChildren();
  showLog();
};
show("not connected");
